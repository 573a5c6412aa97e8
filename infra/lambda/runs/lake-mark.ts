/**
 * What the lake holds for a window, by plain listing: files are never changed, so equal names are
 * equal events. The folders are of UTC dates, so an hour's mark is that of its day.
 */
import { createHash } from 'node:crypto'
import type { LakeView } from '../../../src/engine/sql/sql.ts'
import type { ObjectStore } from '../../../src/model/object-store.ts'
import type { Interval } from '../../../src/model/window.ts'
import { DAY_MS } from '../../../src/std/units.ts'

export interface LakeMark {
  readonly files: number
  /** Of their names. */
  readonly digest: string
  /** Files of the dates after it, as far as LATER_DATES. */
  readonly later_files: number
}

const LATER_DATES = 2

const DIGEST_LENGTH = 32
const DATE = /\/event_date=(\d{4}-\d\d-\d\d)\//

/** null: there is no file. Throws OBJECTS_UNAVAILABLE. */
export async function markLake(
  lake: ObjectStore,
  views: readonly LakeView[],
  { window, signal }: { readonly window: Interval; readonly signal: AbortSignal },
): Promise<LakeMark | null> {
  const list = async (dates: readonly string[]): Promise<readonly string[]> => {
    const keys: string[] = []
    for (const { path } of views) {
      for (const date of dates) {
        const prefix = `${path}/event_date=${date}/`
        for await (const { key } of lake.list(prefix, signal)) keys.push(key)
      }
    }
    return keys
  }
  const keys = await list(datesOf(window))
  if (keys.length === 0) return null
  const hash = createHash('sha256').update(keys.join('\n')).digest('hex')
  const later = await list(datesAfter(window))
  return {
    files: keys.length,
    digest: hash.slice(0, DIGEST_LENGTH),
    later_files: later.length,
  }
}

/** UTC dates that the window touches. */
function datesOf({ start, end }: Interval): readonly string[] {
  const first = Math.floor(start / DAY_MS)
  const count = Math.floor((end - 1) / DAY_MS) - first + 1
  return Array.from({ length: count }, (_, index) =>
    new Date((first + index) * DAY_MS).toISOString().slice(0, 10),
  )
}

function datesAfter({ end }: Interval): readonly string[] {
  const start = Math.ceil(end / DAY_MS) * DAY_MS
  return datesOf({ start, end: start + LATER_DATES * DAY_MS })
}

/** The earliest date that the lake has events of, as an instant; null: it is empty. */
export async function findFirstDate(
  lake: ObjectStore,
  views: readonly LakeView[],
  signal: AbortSignal,
): Promise<number | null> {
  let first: number | null = null
  for (const { path } of views) {
    // Keys come in their order, so the first one has the earliest date.
    for await (const { key } of lake.list(`${path}/`, signal)) {
      const date = Date.parse(`${DATE.exec(key)?.[1] ?? ''}T00:00:00Z`)
      if (Number.isNaN(date)) continue
      first = Math.min(first ?? date, date)
      break
    }
  }
  return first
}
