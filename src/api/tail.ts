/**
 * `GET /v1/tail`: the log as it grows, a line of JSON at a time, until the client leaves or the
 * process drains. Lines are pulled: a client that reads slowly holds back nobody, and only itself.
 */
import type { Context } from 'hono'
import { answerProblem, toProblem } from '../model/problem.ts'
import { toUtf8 } from '../std/bytes.ts'
import { isFault } from '../std/fault.ts'
import type { TailRecord } from './contract.ts'
import { parseBack } from './question.ts'

export interface TailSources {
  /**
   * The records of the log, from the newest `back` of each partition on; an empty list now and
   * then. Ends when the signal aborts.
   */
  tail(back: number, signal: AbortSignal): AsyncIterable<readonly TailRecord[]>
  /** Is told of every error that is not a Fault. */
  report(error: unknown): void
}

/** Each holds a megabyte or so of the log, and a place among its readers. */
export const TAILS_MAX = 10

const HEADERS = {
  'Content-Type': 'application/x-ndjson',
  'Cache-Control': 'no-store',
  'X-Accel-Buffering': 'no', // nginx would keep lines back
}

/** Answers as many as TAILS_MAX at a time, and tells others to come again. */
export function createTailAnswer(sources: TailSources): (context: Context) => Response {
  let tailCount = 0
  return context => {
    const back = parseBack(new URL(context.req.url).searchParams)
    // Of a HEAD nobody reads the lines, nor says so.
    if (context.req.method === 'HEAD') return context.body(null, 200, HEADERS)
    if (tailCount >= TAILS_MAX) {
      const detail = `${TAILS_MAX} others read the log now; close one, or try later`
      const { status, headers, body } = answerProblem(toProblem('busy', detail))
      return new Response(body, { status, headers })
    }
    tailCount += 1
    const lines = toLines(sources, back, () => {
      tailCount -= 1
    })
    return context.body(lines, 200, HEADERS)
  }
}

/** `onEnd` is called once, whoever ends it. */
function toLines(
  sources: TailSources,
  back: number,
  onEnd: () => void,
): ReadableStream<Uint8Array> {
  const left = new AbortController()
  const batches = sources.tail(back, left.signal)[Symbol.asyncIterator]()
  const end = (): void => {
    if (left.signal.aborted) return
    left.abort()
    onEnd()
  }
  return new ReadableStream<Uint8Array>(
    {
      pull: async controller => {
        try {
          const { done, value } = await batches.next()
          if (done !== true) {
            controller.enqueue(toUtf8(`${JSON.stringify(value)}\n`))
            return
          }
          end()
          controller.close()
        } catch (error) {
          if (left.signal.aborted) return
          end()
          if (error instanceof Error && error.name === 'AbortError') return controller.close()
          if (!isFault(error)) sources.report(error)
          controller.error(error)
        }
      },
      cancel: async () => {
        end()
        await batches.return?.()
      },
    },
    { highWaterMark: 0 },
  )
}
