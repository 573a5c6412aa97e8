/**
 * What a process says of outages. One outage is noticed in many places, by whoever reads, appends
 * or asks; a person is told once when the first of them waits, and once when none does any more.
 */
import type { Fault } from '../../std/fault.ts'
import type { Terminal } from '../terminal/command.ts'

/** Told what is wrong, and null when it is over. */
export type TellOutage = (fault: Fault | null) => void

export interface Voice {
  /** For one place that notices. `what` it means: `counting waits`. */
  of(what: string): TellOutage
}

/** `again`: what is said when all is over. */
export function createVoice(terminal: Pick<Terminal, 'talk'>, again: string): Voice {
  const waiting = new Set<object>()
  return {
    of: what => {
      const place = {}
      return fault => {
        if (fault !== null && waiting.size === 0) terminal.talk(`weir: ${what}: ${fault.message}`)
        if (fault !== null) waiting.add(place)
        else if (waiting.delete(place) && waiting.size === 0) terminal.talk(`weir: ${again}`)
      }
    },
  }
}
