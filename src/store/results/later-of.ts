/** Of two times that may be unknown the later one. */
export function laterOf(left: number | null, right: number | null): number | null {
  if (left === null || right === null) return left ?? right
  return Math.max(left, right)
}
