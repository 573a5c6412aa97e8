/**
 * Answers that go on until the client leaves or the process drains. They are pulled: a client that
 * reads slowly holds back nobody, and only itself.
 */
import type { Context } from 'hono'
import { answerProblem, toProblem } from '../model/problem.ts'
import { toUtf8 } from '../std/bytes.ts'
import { isFault } from '../std/fault.ts'

export interface StreamOptions<T> {
  /** As many clients at a time; others are told to come again. */
  readonly clientCountMax: number
  readonly headers: { readonly [name: string]: string }
  /** Of a request. Throws QUERY_INVALID. Its items end when the signal aborts. */
  readonly open: (context: Context) => (signal: AbortSignal) => AsyncIterable<T>
  readonly toText: (item: T) => string
  /** Is told of every error that is not a Fault. */
  readonly report: (error: unknown) => void
}

/** Answers as many as clientCountMax at a time. */
export function createStreamAnswer<T>(options: StreamOptions<T>): (context: Context) => Response {
  const { clientCountMax, headers } = options
  let clientCount = 0
  return context => {
    const iterate = options.open(context)
    // Of a HEAD nobody reads the body, nor says so.
    if (context.req.method === 'HEAD') return context.body(null, 200, headers)
    if (clientCount >= clientCountMax) {
      const detail = `${clientCountMax} others read the log now; close one, or try later`
      const { status, headers: own, body } = answerProblem(toProblem('busy', detail))
      return new Response(body, { status, headers: own })
    }
    clientCount += 1
    const stream = toStream(options, iterate, () => {
      clientCount -= 1
    })
    return context.body(stream, 200, headers)
  }
}

/** `onEnd` is called once, whoever ends it. */
function toStream<T>(
  { toText, report }: StreamOptions<T>,
  iterate: (signal: AbortSignal) => AsyncIterable<T>,
  onEnd: () => void,
): ReadableStream<Uint8Array> {
  const left = new AbortController()
  const items = iterate(left.signal)[Symbol.asyncIterator]()
  const end = (): void => {
    if (left.signal.aborted) return
    left.abort()
    onEnd()
  }
  return new ReadableStream<Uint8Array>(
    {
      pull: async controller => {
        try {
          const { done, value } = await items.next()
          if (done !== true) {
            controller.enqueue(toUtf8(toText(value)))
            return
          }
          end()
          controller.close()
        } catch (error) {
          if (left.signal.aborted) return
          end()
          if (error instanceof Error && error.name === 'AbortError') return controller.close()
          if (!isFault(error)) report(error)
          controller.error(error)
        }
      },
      cancel: async () => {
        end()
        await items.return?.()
      },
    },
    { highWaterMark: 0 },
  )
}
