/** The keyed ids of a metric's rows, for distinct counts: made once per row and step. */

import type { MetricPlan } from '../../model/plan.ts'
import type { Interval } from '../../model/window.ts'
import type { IdHash } from '../ids/hash.ts'
import type { IdSet } from '../ids/id-set.ts'
import { bucketOf, DISTINCT_KIND, FOREVER_BUCKET } from '../ids/id-set.ts'
import type { IdTable } from '../ids/id-table.ts'
import { withRoom } from './batch.ts'
import type { Groups } from './groups.ts'
import type { PairTable } from './pairs.ts'

export interface RowIdentity {
  /** Four words a row: the keyed id of the measure, the window and the key; without currency. */
  readonly words: Int32Array
  /** The table of each row, by its window. */
  readonly tables: readonly IdTable[]
}

export interface RowIdentityOptions {
  readonly plan: MetricPlan
  readonly measure: string
  /** (window, group) pairs: the metric's rows. */
  readonly rows: PairTable
  readonly groups: Groups
  readonly windowOf: (row: number) => Interval
  readonly hash: IdHash
  readonly ids: IdSet
}

export interface RowIdentities {
  /** The identities of all rows that there are by now. */
  current(): RowIdentity
  clear(): void
}

export function createRowIdentities(options: RowIdentityOptions): RowIdentities {
  const { plan, measure, rows, groups, windowOf, hash, ids } = options
  const tables: IdTable[] = []
  let words: Int32Array = new Int32Array(0)
  let rowCount = 0
  const out = new Int32Array(4)
  return {
    current: () => {
      words = withRoom(words, rows.count * 4)
      for (; rowCount < rows.count; rowCount += 1) {
        // JSON keeps null and '' apart, and one field's end from the next one's start.
        const key = groups.keyOf(rows.rightOf(rowCount))
        const window = windowOf(rowCount)
        const bytes = Buffer.from(JSON.stringify([plan.hash, measure, window.start, ...key]))
        hash.keyed(bytes, 0, bytes.length, out)
        words.set(out, rowCount * 4)
        tables.push(findTable(ids, window))
      }
      return { words, tables }
    },
    clear: () => {
      rowCount = 0
      tables.length = 0
    },
  }
}

function findTable(ids: IdSet, window: Interval): IdTable {
  return ids.table(
    Number.isFinite(window.start) ? bucketOf(DISTINCT_KIND, window.start) : FOREVER_BUCKET,
  )
}
