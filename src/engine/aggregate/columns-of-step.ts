/**
 * What several metrics need of a batch, computed once: the window of each event under each window
 * spec, and the symbol of each event under each group field. Numbers are good until `clear`.
 */

import { toDecimalText } from '../../model/decimal.ts'
import type { ColumnRef } from '../../model/plan.ts'
import type { WindowSpec } from '../../model/window.ts'
import { toUtf8 } from '../../std/bytes.ts'
import type { Batch } from './batch.ts'
import { columnOf, internTexts, withRoom } from './batch.ts'
import { SymbolTable } from './symbols.ts'
import { WindowTable } from './windows.ts'

interface Interned<Table> {
  readonly table: Table
  numbers: Int32Array
  /** The batch that `numbers` are of. */
  batch: Batch | null
}

export interface StepColumns {
  /** Window numbers, one per accepted event of the batch, into `table.windows`. */
  windows(spec: WindowSpec): Interned<WindowTable>
  symbols(field: ColumnRef): Interned<SymbolTable>
  /** Fills what was asked for with the batch's numbers, where that was not done yet. */
  fillWindows(column: Interned<WindowTable>, batch: Batch): Int32Array
  fillSymbols(column: Interned<SymbolTable>, field: ColumnRef, batch: Batch): Int32Array
  clear(): void
}
export type WindowColumn = Interned<WindowTable>
export type SymbolColumn = Interned<SymbolTable>

/** `factor`: an odd number below 2^32, secret. */
export function createStepColumns(factor: number): StepColumns {
  const windows = new Map<string, WindowColumn>()
  const symbols = new Map<string, SymbolColumn>()
  return {
    windows: spec => getOrMake(windows, JSON.stringify(spec), () => intern(new WindowTable(spec))),
    // Fields of one path and type hold the same texts in every event type.
    symbols: field =>
      getOrMake(symbols, `${field.path}:${JSON.stringify(field.type)}`, () =>
        intern(new SymbolTable(factor)),
      ),
    fillWindows: (column, batch) => {
      if (column.batch !== batch) fillWindows(column, batch)
      return column.numbers
    },
    fillSymbols: (column, field, batch) => {
      if (column.batch !== batch) fillSymbols(column, field, batch)
      return column.numbers
    },
    clear: () => {
      for (const column of [...windows.values(), ...symbols.values()]) {
        column.table.clear()
        column.batch = null
      }
    },
  }
}

function intern<Table>(table: Table): Interned<Table> {
  return { table, numbers: new Int32Array(0), batch: null }
}

function getOrMake<Value>(map: Map<string, Value>, key: string, make: () => Value): Value {
  const found = map.get(key)
  if (found !== undefined) return found
  const made = make()
  map.set(key, made)
  return made
}

function fillWindows(column: WindowColumn, batch: Batch): void {
  column.numbers = withRoom(column.numbers, batch.count)
  column.batch = batch
  const { table, numbers } = column
  const { timeMs } = batch.columns
  for (let index = 0; index < batch.count; index += 1) {
    numbers[index] = table.intern(timeMs[batch.rows[index] as number] as number)
  }
}

function fillSymbols(column: SymbolColumn, field: ColumnRef, batch: Batch): void {
  column.numbers = withRoom(column.numbers, batch.count)
  column.batch = batch
  const { table, numbers } = column
  if (field.path === 'event_type') {
    const bytes = toUtf8(batch.eventType)
    numbers.fill(table.intern(bytes, 0, bytes.length), 0, batch.count)
    return
  }
  const values = columnOf(batch, field.path)
  if (values.kind === 'text') {
    internTexts(batch, values, table, numbers)
    return
  }
  for (let index = 0; index < batch.count; index += 1) {
    const value = values.values[batch.rows[index] as number] as number
    const bytes = toUtf8(toKeyText(field, value))
    numbers[index] = table.intern(bytes, Number.isNaN(value) ? -1 : 0, bytes.length)
  }
}

/** A number as it stands in a key: a decimal in its scale, `true` or `false` for a boolean. */
function toKeyText(field: ColumnRef, value: number): string {
  if (Number.isNaN(value)) return ''
  if (field.type.kind === 'boolean') return value === 1 ? 'true' : 'false'
  return toDecimalText(BigInt(value), field.type.kind === 'decimal' ? field.type.scale : 0)
}
