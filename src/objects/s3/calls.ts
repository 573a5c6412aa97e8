/** Calls to a service that fails now and then: so many at once, each tried again for a while. */
import type { Clock } from '../../std/clock.ts'
import { Fault } from '../../std/fault.ts'
import type { Prng } from '../../std/prng.ts'
import { SECOND_MS } from '../../std/units.ts'
import type { Refusal } from './refusal.ts'

export interface Calls {
  /**
   * Gives what `attempt` gives. What it throws is either tried again, or becomes a Fault
   * OBJECTS_UNAVAILABLE. Where the call's signal aborts, its reason is thrown at once.
   */
  run<T>(call: Call, attempt: (one: Try) => Promise<T>): Promise<T>
}

export interface Call {
  /** For the message of a Fault: `writing object 'a'`. */
  readonly what: string
  readonly signal: AbortSignal | null
}

export interface Try {
  /** How many were before: any of them may have taken effect. */
  readonly count: number
  /** Aborts when this try has lasted too long, or is called off. */
  readonly signal: AbortSignal
  /** Gives the try the time that so many bytes take. */
  readonly allow: (sizeBytes: number) => void
}

export interface CallsOptions {
  readonly clock: Clock
  readonly prng: Prng
  readonly requestMsMax: number
  readonly callMsMax: number
  /** At once. */
  readonly callsMax: number
  /** Aborts all calls. */
  readonly closing: AbortSignal
  readonly toRefusal: (error: unknown) => Refusal
}

const BACKOFF_MS_MIN = 50
const BACKOFF_MS_MAX = 2 * SECOND_MS
/** The slowest line that is waited for: 100 kB a second. */
const BYTES_PER_MS_MIN = 100

export function createCalls(options: CallsOptions): Calls {
  const { closing } = options
  const gate = createGate(options.callsMax)
  return {
    run: async (call, attempt) => {
      call.signal?.throwIfAborted()
      const leave = await gate.enter()
      try {
        return await tryUntil(options, call, attempt)
      } catch (error) {
        call.signal?.throwIfAborted()
        if (!closing.aborted) throw error
        throw new Fault('OBJECTS_UNAVAILABLE', `${call.what} was called off: the store is closed`)
      } finally {
        leave()
      }
    },
  }
}

async function tryUntil<T>(
  options: CallsOptions,
  call: Call,
  attempt: (one: Try) => Promise<T>,
): Promise<T> {
  const { clock, closing, toRefusal } = options
  const off = call.signal === null ? closing : AbortSignal.any([closing, call.signal])
  const untilMs = clock.monotonic() + options.callMsMax
  for (let count = 0; ; count += 1) {
    off.throwIfAborted()
    try {
      return await tryOnce(options, off, one => attempt({ ...one, count }))
    } catch (cause) {
      off.throwIfAborted()
      const { isPassing, message } = toRefusal(cause)
      const pauseMs = pauseAfter(count, options.prng)
      if (!isPassing || clock.monotonic() + pauseMs > untilMs) {
        const tries = count === 0 ? '' : ` (${count + 1} tries)`
        const told = `${call.what} failed${tries}: ${message}`
        throw new Fault('OBJECTS_UNAVAILABLE', told, { cause })
      }
      await clock.sleep(pauseMs, off)
    }
  }
}

/** Twice as long after each try, and at random between half of it and all. */
function pauseAfter(count: number, prng: Prng): number {
  const pauseMs = Math.min(BACKOFF_MS_MIN * 2 ** count, BACKOFF_MS_MAX)
  return pauseMs * (0.5 + prng.nextUnit() / 2)
}

async function tryOnce<T>(
  { clock, requestMsMax }: CallsOptions,
  off: AbortSignal,
  attempt: (one: Omit<Try, 'count'>) => Promise<T>,
): Promise<T> {
  const late = new AbortController()
  const done = new AbortController()
  const signal = AbortSignal.any([off, late.signal])
  let dueMs = clock.monotonic() + requestMsMax
  const watch = async (): Promise<void> => {
    while (!done.signal.aborted) {
      const leftMs = dueMs - clock.monotonic()
      if (leftMs > 0) await clock.sleep(leftMs, done.signal)
      else return late.abort(new Error(`no answer within ${requestMsMax} ms`))
    }
  }
  const allow = (sizeBytes: number): void => {
    dueMs += sizeBytes / BYTES_PER_MS_MIN
  }
  try {
    void watch()
    // Not every wait of the SDK, as that for credentials, heeds a signal.
    return await Promise.race([attempt({ signal, allow }), rejectAtAbort(signal)])
  } finally {
    done.abort()
  }
}

function rejectAtAbort(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true })
  })
}

interface Gate {
  /** Resolves, in the order of calls, when there is room; what it gives makes room again. */
  enter(): Promise<() => void>
}

function createGate(insideMax: number): Gate {
  const waiting: (() => void)[] = []
  let inside = 0
  const leave = (): void => {
    const next = waiting.shift()
    if (next === undefined) inside -= 1
    else next()
  }
  return {
    enter: async () => {
      if (inside < insideMax) inside += 1
      else await new Promise<void>(resolve => waiting.push(resolve))
      return leave
    },
  }
}
