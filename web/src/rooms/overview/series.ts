/** The lines of the overview: a measure over hours or days, and the same of the time before. */
import type { ResultRow, Value } from '../../../../src/model/result.ts'
import type { Line, LineView } from '../../chart/lines.ts'

export interface SeriesSource {
  /** In order of window start, as the board keeps them. */
  readonly sales: readonly ResultRow[]
  readonly users: readonly ResultRow[]
}

const HOUR_MS = 3_600_000

/** What can be drawn, as `revenue.EUR`: money in each currency that came, then the rest. */
export function listPicks(sales: readonly ResultRow[]): readonly string[] {
  const currencies = new Set<string>()
  for (const { values } of sales) {
    const money = values['revenue']
    if (isMoney(money)) for (const currency of Object.keys(money)) currencies.add(currency)
  }
  const revenues = [...currencies].sort().map(currency => `revenue.${currency}`)
  return [...revenues, 'orders', 'users', 'conversion']
}

/**
 * The newest `size` windows, from the first that counted anything, and those just before as a line of
 * their own. A window without a row counted nothing; so it stands as zero, but for conversion.
 */
export function toSeries(
  { sales, users }: SeriesSource,
  pick: string,
  { size, stepMs }: { readonly size: number; readonly stepMs: number },
): LineView {
  const byStart = new Map<number, Cell>()
  for (const row of sales) cellOf(byStart, row).sales = row
  for (const row of users) cellOf(byStart, row).users = row
  const starts = fillGaps(
    [...byStart.keys()].sort((left, right) => left - right),
    stepMs,
  )
  const shown = starts.slice(-size)
  const before = starts.slice(-2 * size, -size)
  const valueAt = (startMs: number | undefined): number | null =>
    startMs === undefined ? null : readValue(byStart.get(startMs) ?? {}, pick)
  const lines: Line[] = [{ label: labelOf(pick), slot: 1, values: shown.map(valueAt) }]
  if (before.length > 0) {
    const shift = size - before.length
    const values = shown.map((_, index) => valueAt(before[index - shift]))
    lines.unshift({
      label: `${stepMs > HOUR_MS ? `${size} days` : `${size} hours`} before`,
      slot: null,
      values,
    })
  }
  return { startsMs: shown, statuses: shown.map(one => statusOf(byStart.get(one))), lines }
}

export function labelOf(pick: string): string {
  const [measure = '', currency] = pick.split('.')
  const name = measure.charAt(0).toUpperCase() + measure.slice(1)
  return currency === undefined ? name : `${name}, ${currency}`
}

interface Cell {
  sales?: ResultRow
  users?: ResultRow
}

function cellOf(cells: Map<number, Cell>, row: ResultRow): Cell {
  const startMs = Date.parse(row.window_start ?? '')
  const cell = cells.get(startMs) ?? {}
  cells.set(startMs, cell)
  return cell
}

/** Windows between that have no row; days are an hour more or less where clocks change. */
function fillGaps(starts: readonly number[], stepMs: number): readonly number[] {
  return starts.flatMap((startMs, index) => {
    const before = starts[index - 1]
    if (before === undefined) return [startMs]
    const missing = Math.round((startMs - before) / stepMs) - 1
    const far = stepMs > HOUR_MS ? 400 : 24 * 30
    if (missing > far) return [startMs]
    const filled = Array.from({ length: missing }, (_, count) => before + (count + 1) * stepMs)
    return [...filled, startMs]
  })
}

function statusOf(cell: Cell | undefined): ResultRow['status'] | null {
  const statuses = [cell?.sales?.status, cell?.users?.status].filter(one => one !== undefined)
  if (statuses.length === 0) return null
  if (statuses.includes('open')) return 'open'
  return statuses.includes('revised') ? 'revised' : 'final'
}

function readValue({ sales, users }: Cell, pick: string): number | null {
  const [measure = '', currency = ''] = pick.split('.')
  const orders = Number(sales?.values['orders'] ?? 0)
  const visitors = Number(users?.values['users'] ?? 0)
  if (measure === 'users') return visitors
  if (measure === 'orders') return orders
  if (measure === 'conversion') return visitors === 0 ? null : (100 * orders) / visitors
  const money = sales?.values['revenue']
  return isMoney(money) ? Number(money[currency] ?? 0) : 0
}

function isMoney(value: Value | undefined): value is { readonly [name: string]: string | null } {
  return typeof value === 'object' && value !== null
}
