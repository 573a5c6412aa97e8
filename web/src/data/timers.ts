/** Named timers: one of each name runs at a time, and all can be called off together. */

/** Calls once after a while; the answer calls it off. */
export type After = (delayMs: number, call: () => void) => () => void

export interface Timers {
  /** Starts anew when it runs already. */
  set(name: string, delayMs: number, call: () => void): void
  /** Lets it run when it runs already. */
  setOnce(name: string, delayMs: number, call: () => void): void
  clear(name: string): void
  clearAll(): void
}

export function createTimers(after: After): Timers {
  const running = new Map<string, () => void>()
  const clear = (name: string): void => {
    running.get(name)?.()
    running.delete(name)
  }
  const set = (name: string, delayMs: number, call: () => void): void => {
    clear(name)
    const cancel = after(delayMs, () => {
      running.delete(name)
      call()
    })
    running.set(name, cancel)
  }
  return {
    set,
    setOnce: (name, delayMs, call) => {
      if (!running.has(name)) set(name, delayMs, call)
    },
    clear,
    clearAll: () => {
      for (const cancel of running.values()) cancel()
      running.clear()
    },
  }
}
