/**
 * Answers that go on, as the live stream and the tail: whoever gets one is judged again every
 * second, so that a key that is revoked, or has expired, ends them too.
 */
import type { ServerResponse } from 'node:http'
import type { Doorman, Visit } from '../../model/access.ts'
import { SECOND_MS } from '../../std/units.ts'

export interface Streams extends Disposable {
  /** Watches an answer until it ends. */
  watch(visit: Visit, response: ServerResponse): void
}

const LOOK_MS = 1 * SECOND_MS

export function createStreams(doorman: Doorman): Streams {
  const open = new Map<ServerResponse, Visit>()
  const look = (): void => {
    for (const [response, visit] of open) {
      if (doorman.recheck(visit) !== null) response.destroy()
    }
  }
  const timer = setInterval(look, LOOK_MS)
  timer.unref()
  return {
    watch: (visit, response) => {
      open.set(response, visit)
      response.once('close', () => open.delete(response))
    },
    [Symbol.dispose]: () => clearInterval(timer),
  }
}
