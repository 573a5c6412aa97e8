/** Rows of SQL become groups: those of one window and key, which stand together, one for each. */
import type { AnswerGroup, AnswerPart, PartValue } from '../../../model/answer.ts'
import { compareKeys, keepsSet } from '../../../model/answer.ts'
import type { MeasurePlan, MetricPlan } from '../../../model/plan.ts'
import type { Interval } from '../../../model/window.ts'
import { unreachable } from '../../../std/assert.ts'
import type { Ask } from '../../question.ts'
import type { Block, Column } from '../database/ask.ts'
import { columnsOf } from './select.ts'

/** A group with what it is ranked or ordered by, which is read of the last of a page alone. */
export interface Found {
  readonly group: AnswerGroup
  readonly toRank: () => bigint | null
}

/** The first `countMax` groups, some at a time. */
export async function* readGroups(
  ask: Ask,
  blocks: AsyncIterable<Block>,
  countMax: number,
): AsyncGenerator<readonly Found[]> {
  let open: Open | null = null
  let count = 0
  const places = new Map(columnsOf(ask).map(({ name }, index) => [name, index]))
  for await (const block of blocks) {
    const found: Found[] = []
    const read = createRowReader(ask.plan, places, block)
    for (let row = 0; row < block.rowCount; row += 1) {
      const { window, key } = read.toPlace(row)
      if (open !== null && isSame(open.group, window, key)) {
        open.parts.push(read.toPart(row))
        continue
      }
      if (open !== null) found.push(open)
      if (count === countMax) {
        yield found
        return
      }
      const parts = [read.toPart(row)]
      const group = { window, key, parts, distinct: read.toDistinct(row) }
      open = { group, parts, toRank: () => read.toRank(row) }
      count += 1
    }
    yield found
  }
  if (open !== null) yield [open]
}

/** Rows to come may be of it too. */
interface Open extends Found {
  readonly parts: AnswerPart[]
}

function isSame(group: AnswerGroup, window: Interval, key: AnswerGroup['key']): boolean {
  return group.window.start === window.start && compareKeys(group.key, key) === 0
}

interface RowReader {
  toPlace(row: number): Pick<AnswerGroup, 'window' | 'key'>
  toPart(row: number): AnswerPart
  toDistinct(row: number): readonly number[]
  toRank(row: number): bigint | null
}

const ENDLESS: Interval = { start: Number.NEGATIVE_INFINITY, end: Number.POSITIVE_INFINITY }

/** `places`: of the columns, by their names. */
function createRowReader(
  plan: MetricPlan,
  places: ReadonlyMap<string, number>,
  { columns }: Block,
): RowReader {
  const find = (name: string): Column | undefined => columns[places.get(name) ?? -1]
  const numberOf = (name: string): ((row: number) => number) => {
    const column = find(name)
    return column === undefined ? () => 0 : row => column.getItem(row) as number
  }
  const [toStart, toEnd] = [numberOf('window_start'), numberOf('window_end')]
  const [toMisplaced, toLate] = [numberOf('misplaced'), numberOf('late')]
  const toRevision = numberOf('revision')
  const keys = plan.groupBy.map((_, index) => find(`k${index}`))
  const sets = plan.measures.map((_, index) => numberOf(`n${index}`))
  const values = plan.measures.map((measure, index) =>
    createValueReader(measure, find(`v${index}`), numberOf(`c${index}`)),
  )
  const [currency, rank] = [find('currency'), find('rank')]
  const hasWindows = find('window_start') !== undefined
  let last = ENDLESS
  const toWindow = (row: number): Interval => {
    const start = toStart(row)
    // Of rows in one window there is one object.
    if (start !== last.start) last = { start, end: toEnd(row) }
    return last
  }
  return {
    toPlace: row => ({
      window: hasWindows ? toWindow(row) : ENDLESS,
      key: keys.map(column => column?.getItem(row) as string | null),
    }),
    toPart: row => ({
      currency: (currency?.getItem(row) ?? null) as string | null,
      misplaced: toMisplaced(row),
      late: toLate(row),
      revision: toRevision(row),
      values: values.map(toValue => toValue(row)),
    }),
    toDistinct: row => sets.map(toSize => toSize(row)),
    toRank: row => (rank === undefined ? 0n : (rank.getItem(row) as bigint | null)),
  }
}

const NONE: PartValue = { kind: 'none' }

/** `column` is missing where nobody looks at the measure. */
function createValueReader(
  measure: MeasurePlan,
  column: Column | undefined,
  toCarriers: (row: number) => number,
): (row: number) => PartValue {
  if (column === undefined) return () => NONE
  switch (measure.kind) {
    case 'count':
    case 'count_distinct':
      if (keepsSet(measure)) return () => NONE
      return row => ({ kind: 'count', count: column.getItem(row) as number })
    case 'sum':
      return row => ({
        kind: 'sum',
        units: column.getItem(row) as bigint,
        carriers: toCarriers(row),
      })
    case 'min':
    case 'max': {
      const { kind } = measure
      return row => ({ kind, units: column.getItem(row) as bigint | null })
    }
    case 'ratio':
      return () => NONE
    default:
      return unreachable(measure)
  }
}
