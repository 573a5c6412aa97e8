/** Wakes the readers that wait for an append; none of them polls. */
import type { Clock } from '../std/clock.ts'

export interface Bell {
  ring(): void
  /** Resolves once `isDue` holds, which every ring asks, or after `waitMs`, or when called off. */
  wait(isDue: () => boolean, waitMs: number, signal: AbortSignal): Promise<void>
}

export function createBell(clock: Clock): Bell {
  const listeners = new Set<() => void>()
  return {
    ring: () => {
      for (const listener of listeners) listener()
    },
    wait: async (isDue, waitMs, signal) => {
      if (isDue() || signal.aborted) return
      const woken = new AbortController()
      const wake = (): void => woken.abort()
      const listener = (): void => {
        if (isDue()) wake()
      }
      listeners.add(listener)
      signal.addEventListener('abort', wake)
      await clock.sleep(waitMs, woken.signal)
      listeners.delete(listener)
      signal.removeEventListener('abort', wake)
    },
  }
}
