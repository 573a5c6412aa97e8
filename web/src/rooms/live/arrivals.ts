/**
 * The newest records, as they arrive. They come in batches faster than anyone reads, so a bounded
 * list is kept, and how many come a second is told beside it.
 */
import type { TailRecord } from '../../../../src/api/contract.ts'

export interface Arrivals {
  /** Newest first, KEPT_MAX at most. */
  readonly records: readonly TailRecord[]
  /** All that came, and those that a sample left out. */
  readonly count: number
  /** When how many came, over the last RATE_MS, oldest first. */
  readonly steps: readonly Step[]
}

interface Step {
  readonly atMs: number
  readonly count: number
}

export const KEPT_MAX = 200
const RATE_MS = 10_000

export const NO_ARRIVALS: Arrivals = { records: [], count: 0, steps: [] }

/** After a batch, oldest first, of which `skipped` more were left out. */
export function addArrivals(
  before: Arrivals,
  batch: { readonly records: readonly TailRecord[]; readonly skipped: number },
  atMs: number,
): Arrivals {
  // A tail that begins anew tells its last records again.
  const known = new Set(before.records.map(placeOf))
  const fresh = batch.records.filter(record => !known.has(placeOf(record)))
  const count = fresh.length + batch.skipped
  const newest = fresh.slice(-KEPT_MAX).toReversed()
  return {
    records: count === 0 ? before.records : [...newest, ...before.records].slice(0, KEPT_MAX),
    count: before.count + count,
    steps: [...before.steps.filter(step => step.atMs > atMs - RATE_MS), { atMs, count }],
  }
}

/** Records a second over the last while; null: it is too early to tell. */
export function rateOf({ steps }: Arrivals, nowMs: number): number | null {
  const first = steps[0]
  if (first === undefined || nowMs - first.atMs < 1_000) return null
  const count = steps.slice(1).reduce((sum, step) => sum + step.count, 0)
  return (1_000 * count) / (nowMs - first.atMs)
}

export interface Wish {
  /** '' is any. */
  readonly type: string
  /** Found in the text, the topic or the reason, whatever the case; '' is any. */
  readonly text: string
}

export function isWanted(record: TailRecord, { type, text }: Wish): boolean {
  if (type !== '' && record.topic !== type) return false
  const wanted = text.toLowerCase()
  return (
    wanted === '' ||
    [record.value, record.topic, record.looks].some(one => one.toLowerCase().includes(wanted))
  )
}

export function placeOf({ topic, partition, offset }: TailRecord): string {
  return `${topic}/${partition}/${offset}`
}

/** The `event_id` of a record's text, if it can be read, also where the text is cut. */
export function eventIdOf(record: TailRecord): string | null {
  const [, quoted] = /"event_id"\s*:\s*("(?:[^"\\]|\\.)*")/.exec(record.value) ?? []
  if (quoted === undefined) return null
  try {
    const id: unknown = JSON.parse(quoted)
    return typeof id === 'string' && id !== '' ? id : null
  } catch {
    return null
  }
}

/** Who did what, of a record that is a whole event; else its text as it came. */
export function toBrief(value: string): string {
  try {
    const event: unknown = JSON.parse(value)
    if (typeof event !== 'object' || event === null || !('data' in event)) return value
    const who = 'user_id' in event && typeof event.user_id === 'string' ? `${event.user_id}  ` : ''
    return `${who}${JSON.stringify(event.data)}`
  } catch {
    return value
  }
}
