/** One request, tried until it is answered, refused, or given up. */
import type { Clock } from '../std/clock.ts'
import { Fault, messageOf } from '../std/fault.ts'
import type { Prng } from '../std/prng.ts'
import { MINUTE_MS, SECOND_MS } from '../std/units.ts'

/** What the server says of one event; either way it is durable. */
export type EventAnswer =
  | { readonly event_id: string | null; readonly status: 'stored' }
  | {
      readonly event_id: string | null
      readonly status: 'invalid'
      readonly code: string
      readonly pointer: string
    }

export interface PostOptions {
  readonly url: string
  readonly key: string | null
  readonly giveUpMs: number
  readonly answerMsMax: number
  readonly clock: Clock
  readonly prng: Prng
}

const BACKOFF_MS_MIN = 200
const BACKOFF_MS_MAX = MINUTE_MS
/** Trying again may help: the server, or what is before it, has no time. */
const PASSING = [408, 425, 429]
const DETAIL_LENGTH_MAX = 500

export async function post(
  texts: readonly string[],
  options: PostOptions,
): Promise<readonly EventAnswer[]> {
  const { clock, prng, giveUpMs } = options
  const body = `[${texts.join(',')}]`
  const endMs = clock.monotonic() + giveUpMs
  for (let failures = 0; ; failures += 1) {
    const tried = await tryOnce(body, options)
    if (tried.kind === 'answered') return tried.answers
    const ceilingMs = Math.min(BACKOFF_MS_MAX, BACKOFF_MS_MIN * 2 ** failures)
    const jitteredMs = ceilingMs / 2 + (prng.nextUnit() * ceilingMs) / 2
    const waitMs = Math.max(jitteredMs, tried.afterMs)
    if (clock.monotonic() + waitMs > endMs) {
      const message = `${texts.length} events were given up after ${failures + 1} tries`
      throw new Fault('SERVER_UNREACHABLE', `${message}: ${tried.why}; send them again`)
    }
    await clock.sleep(waitMs, new AbortController().signal)
  }
}

type Tried =
  | { readonly kind: 'answered'; readonly answers: readonly EventAnswer[] }
  | { readonly kind: 'failed'; readonly why: string; readonly afterMs: number }

/** Throws REQUEST_REFUSED for what trying again cannot mend. */
async function tryOnce(body: string, { url, key, answerMsMax }: PostOptions): Promise<Tried> {
  let response: Response
  let text: string
  try {
    response = await fetch(url, {
      method: 'POST',
      body,
      headers: {
        'Content-Type': 'application/json',
        ...(key === null ? {} : { Authorization: `Bearer ${key}` }),
      },
      signal: AbortSignal.timeout(answerMsMax),
    })
    text = await response.text()
  } catch (error) {
    return { kind: 'failed', why: messageOf(error), afterMs: 0 }
  }
  const { status, headers } = response
  if (status === 200) return { kind: 'answered', answers: parseAnswers(text) }
  const why = `${url} answered ${status}: ${text.slice(0, DETAIL_LENGTH_MAX)}`
  if (status < 500 && !PASSING.includes(status)) throw new Fault('REQUEST_REFUSED', why)
  const afterS = Number(headers.get('retry-after'))
  return { kind: 'failed', why, afterMs: afterS > 0 ? afterS * SECOND_MS : 0 }
}

/** A server that answers 200 in another way is none of ours. */
function parseAnswers(text: string): readonly EventAnswer[] {
  try {
    const { items } = JSON.parse(text) as { readonly items: readonly EventAnswer[] }
    if (Array.isArray(items)) return items
  } catch {
    // Told below.
  }
  throw new Fault('REQUEST_REFUSED', `what answered is no weir: ${text.slice(0, 100)}`)
}
