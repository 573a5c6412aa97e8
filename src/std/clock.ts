/** Time comes in through the door: `main` makes the real clock, tests and simulations their own. */
export interface Clock {
  /** Wall time, in milliseconds since 1970-01-01T00:00:00Z; it may jump. */
  now(): number
  /** Milliseconds since an arbitrary start; never goes back. For measuring and for deadlines. */
  monotonic(): number
  /** Resolves after `durationMs`, or early, without an error, when `signal` aborts. */
  sleep(durationMs: number, signal: AbortSignal): Promise<void>
}

export function createSystemClock(): Clock {
  return {
    now: () => Date.now(),
    monotonic: () => performance.now(),
    sleep: (durationMs, signal) =>
      new Promise(resolve => {
        if (signal.aborted) return resolve()
        const done = (): void => {
          clearTimeout(timer)
          signal.removeEventListener('abort', done)
          resolve()
        }
        const timer = setTimeout(done, durationMs)
        signal.addEventListener('abort', done)
      }),
  }
}
