/**
 * Remembers the last answers of a function, which depends on its text alone, where almost all
 * callers ask for the same few. At `countMax` all are forgotten, so whoever sends ever new ones
 * makes it as slow as it would be without.
 */
export function memoize<T>(compute: (text: string) => T, countMax: number): (text: string) => T {
  const known = new Map<string, T>()
  return text => {
    const before = known.get(text)
    if (before !== undefined) return before
    if (known.size >= countMax) known.clear()
    const answer = compute(text)
    known.set(text, answer)
    return answer
  }
}
