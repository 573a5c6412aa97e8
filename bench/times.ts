/** The cheapest window arithmetic there is for UTC timestamps: cutting their text. */
const DAY_MS = 86_400_000

/** `2026-01-01T00:59:14.206Z` to `2026-01-01T00`. */
export function toHourText(timestamp: string): string {
  return timestamp.slice(0, 13)
}

export function toMinuteText(timestamp: string): string {
  return timestamp.slice(0, 16)
}

export function toDayNumber(timeMs: number): number {
  return Math.floor(timeMs / DAY_MS)
}
