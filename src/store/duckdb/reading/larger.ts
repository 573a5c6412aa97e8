/**
 * Larger windows in SQL. Wherever they are of one width and follow one another, the one of a row is
 * found by arithmetic: of a year of days in a zone that changes its clocks there are five stretches
 * of such, of one that does not there is one.
 */
import type { Interval } from '../../../model/window.ts'
import { MINUTE_MS } from '../../../std/units.ts'

/** Windows of one width, counted from the start of the first. */
export interface Stretch {
  readonly start: number
  readonly width: number
}

/** No larger window begins or ends within one; there are few of them even in years of minutes. */
const GRAIN_MS = 15 * MINUTE_MS

/** The grain that a row begins in: `windowsOf` finds the larger windows of all of them. */
export const GRAIN: string = `floor(window_start / ${GRAIN_MS})`

/** A month: to walk through it takes half a millisecond, less than to ask what there is of it. */
const GRAINS_MAX = 3_000

/** The grains of a range; null: it is open, or so long that fewer may have rows. */
export function grainsOf(fromMs: number | null, toMs: number | null): readonly number[] | null {
  if (fromMs === null || toMs === null) return null
  const first = Math.floor(fromMs / GRAIN_MS)
  const length = Math.max(0, Math.ceil(toMs / GRAIN_MS) - first)
  return length > GRAINS_MAX ? null : Array.from({ length }, (_, nth) => first + nth)
}

/** The larger windows that begin, or go on, within grains, by their start. */
export function windowsOf(
  grains: readonly number[],
  windowing: (timeMs: number) => Interval,
): readonly Interval[] {
  const windows: Interval[] = []
  let reachedMs = Number.NEGATIVE_INFINITY
  for (const grain of grains.toSorted((a, b) => a - b)) {
    const endMs = (grain + 1) * GRAIN_MS
    for (let at = Math.max(grain * GRAIN_MS, reachedMs); at < endMs; at = reachedMs) {
      const window = windowing(at)
      windows.push(window)
      reachedMs = window.end
    }
  }
  return windows
}

/** Of windows by their start, of which some may be missing. */
export function stretchesOf(windows: readonly Interval[]): readonly Stretch[] {
  const stretches: Stretch[] = []
  for (const { start, end } of windows) {
    const last = stretches.at(-1)
    const goesOn = last?.width === end - start && (start - last.start) % last.width === 0
    if (!goesOn) stretches.push({ start, width: end - start })
  }
  return stretches
}

/** Start and end of the larger window of a row, which lies in one of the stretches. */
export function toLarger(stretches: readonly Stretch[]): { start: string; end: string } {
  const starts = stretches.map(({ start, width }) => {
    return `window_start - (window_start - ${BigInt(start)}) % ${BigInt(width)}`
  })
  const ends = stretches.map(({ width }, index) => `${starts[index]} + ${BigInt(width)}`)
  return { start: choose(stretches, starts), end: choose(stretches, ends) }
}

function choose(stretches: readonly Stretch[], texts: readonly string[]): string {
  const last = texts.at(-1) ?? 'NULL::BIGINT'
  if (texts.length <= 1) return last
  const cases = stretches
    .slice(1)
    .map(({ start }, index) => `WHEN window_start < ${BigInt(start)} THEN ${texts[index]}`)
  return `CASE ${cases.join(' ')} ELSE ${last} END`
}
