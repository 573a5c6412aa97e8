/** Rebuilds that are asked for over HTTP: one at a time, and the last one's end is remembered. */
import type { RebuildState } from '../../api/contract/rebuild.ts'
import type { RebuildRequest, RebuildSource } from '../../api/rebuilds.ts'
import type { Problem } from '../../model/problem.ts'
import { problemOfFault, toProblem } from '../../model/problem.ts'
import { isFault } from '../../std/fault.ts'
import type { RebuildReport } from './rebuild.ts'

export interface RebuildsOptions {
  /** A name for one that begins now. */
  readonly name: () => string
  /** Refuses what cannot be run, before it begins. */
  readonly check: (request: RebuildRequest) => void
  readonly run: (given: {
    readonly rebuild: string
    readonly request: RebuildRequest
    readonly onProgress: (text: string) => void
  }) => Promise<RebuildReport>
  /** Is told of every error that is no Fault: a bug. */
  readonly report: (error: unknown) => void
}

export interface Rebuilds extends RebuildSource {
  /** Resolves when none runs. */
  idle(): Promise<void>
}

export function createRebuilds(options: RebuildsOptions): Rebuilds {
  let last: RebuildState | null = null
  let running: Promise<void> = Promise.resolve()
  return {
    begin: request => {
      if (last?.state === 'running') return null
      options.check(request)
      const rebuild = options.name()
      const begun: RebuildState = { rebuild, state: 'running', progress: 'begins' }
      last = begun
      const onProgress = (progress: string): void => {
        last = { rebuild, state: 'running', progress }
      }
      running = options.run({ rebuild, request, onProgress }).then(
        report => {
          last = { rebuild, state: 'done', report }
        },
        (error: unknown) => {
          last = { rebuild, state: 'failed', problem: toFailure(error, options) }
        },
      )
      return begun
    },
    look: rebuild => (last?.rebuild === rebuild ? last : null),
    idle: () => running,
  }
}

function toFailure(error: unknown, { report }: RebuildsOptions): Problem {
  if (isFault(error)) return problemOfFault(error)
  if (error instanceof Error && error.name === 'AbortError') {
    return toProblem('draining', 'weir is shutting down, and the rebuild was called off')
  }
  report(error)
  return toProblem('internal', 'weir failed at this rebuild, and has logged why')
}
