/**
 * Waiting for what comes, but not for longer than one likes. What comes after that is not lost: it
 * is what the next call gives, even where it came between two calls.
 */

export interface Coming<T> {
  /** What comes next; null where `over` is first. Throws what asking threw. */
  next(over: Promise<null>): Promise<T | null>
}

/** `ask` is called again when what it gave before was taken. */
export function createComing<T>(ask: () => Promise<T>): Coming<T> {
  let asked: Promise<T> | null = null
  const begin = (): Promise<T> => {
    const answer = ask()
    // Whoever takes it gets the error.
    answer.catch(() => {})
    return answer
  }
  return {
    next: async over => {
      asked ??= begin()
      const first = await Promise.race([asked, over])
      if (first !== null) asked = null
      return first
    },
  }
}
