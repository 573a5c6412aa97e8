/** Group numbers: the group fields of a metric, and its currency, as one dense number. */
import { CURRENCY_CODES } from '../../model/currency.ts'
import type { MetricPlan } from '../../model/plan.ts'
import { present } from '../../std/assert.ts'
import type { Batch } from './batch.ts'
import { withRoom } from './batch.ts'
import type { StepColumns } from './columns-of-step.ts'
import { PairTable } from './pairs.ts'

export interface Groups {
  /** The group of each accepted event of the batch; all 0 where nothing groups. */
  fill(batch: Batch): Int32Array
  /** The group fields' values of a group, in the plan's order. */
  keyOf(group: number): readonly (string | null)[]
  /** Keys, by field, and currencies (null where the plan is not by currency) of many groups. */
  describe(groups: Int32Array): {
    readonly keys: readonly (readonly (string | null)[])[]
    readonly currency: readonly string[] | null
  }
  clear(): void
}

export function createGroups(plan: MetricPlan, columns: StepColumns, factor: number): Groups {
  const fields = plan.groupBy.map(field => ({ field, symbols: columns.symbols(field) }))
  // Every field after the first, and the currency, is joined to what is left of it.
  const joins = fields.slice(1).map(() => new PairTable(factor))
  const currencies = plan.byCurrency ? new PairTable(factor) : null
  const [first] = fields
  let groups: Int32Array = new Int32Array(0)

  const fillFields = (batch: Batch): void => {
    if (first === undefined) {
      groups.fill(0, 0, batch.count)
      return
    }
    groups.set(columns.fillSymbols(first.symbols, first.field, batch).subarray(0, batch.count))
    joins.forEach((join, place) => {
      const next = fields[place + 1]
      if (next === undefined) return
      const symbols = columns.fillSymbols(next.symbols, next.field, batch)
      for (let index = 0; index < batch.count; index += 1) {
        groups[index] = join.intern(groups[index] as number, symbols[index] as number)
      }
    })
  }

  const symbolsOf = (group: number): number[] => {
    const symbols: number[] = []
    let left = currencies === null ? group : currencies.leftOf(group)
    for (const join of joins.toReversed()) {
      symbols.unshift(join.rightOf(left))
      left = join.leftOf(left)
    }
    return [left, ...symbols]
  }

  const toKeys = (numbers: Int32Array): (string | null)[][] => {
    const columns: (string | null)[][] = []
    let lefts = numbers
    for (const [place, { symbols }] of [...fields.entries()].toReversed()) {
      const join = place === 0 ? null : present(joins[place - 1], 'the join of a field')
      const own = join === null ? lefts : lefts.map(left => join.rightOf(left))
      columns.unshift(Array.from(own, symbol => symbols.table.textOf(symbol)))
      if (join !== null) lefts = lefts.map(left => join.leftOf(left))
    }
    return columns
  }
  const toCurrency = (group: number): string =>
    present(CURRENCY_CODES[currencies?.rightOf(group) ?? -1], 'the currency of a group')

  return {
    fill: batch => {
      groups = withRoom(groups, batch.count)
      fillFields(batch)
      if (currencies === null) return groups
      const { currency } = batch.columns
      for (let index = 0; index < batch.count; index += 1) {
        const code = currency[batch.rows[index] as number] as number
        groups[index] = currencies.intern(groups[index] as number, code)
      }
      return groups
    },
    keyOf: group => {
      if (first === undefined) return []
      const symbols = symbolsOf(group)
      return fields.map((field, place) => field.symbols.table.textOf(symbols[place] ?? 0))
    },
    describe: numbers => {
      const lefts = currencies === null ? numbers : numbers.map(group => currencies.leftOf(group))
      return {
        keys: toKeys(lefts),
        currency: currencies === null ? null : Array.from(numbers, toCurrency),
      }
    },
    clear: () => {
      for (const join of joins) join.clear()
      currencies?.clear()
    },
  }
}
