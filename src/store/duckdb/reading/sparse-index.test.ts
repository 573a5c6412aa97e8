/** How far the first rows of a range reach, against looking at every row. */
import { DuckDBInstance } from '@duckdb/node-api'
import { expect, test } from 'vitest'
import { count, defineMetric } from '../../../model/metric.ts'
import { present } from '../../../std/assert.ts'
import { createPrng } from '../../../std/prng.ts'
import { plansOf, sold } from '../../steps.ts'
import { edgeOf, SparseIndexes, STEP } from './sparse-index.ts'

const WINDOW_MS = 10
const SLACK_ROWS = 2 * STEP
const CASES = 4_000

/** The windows of many rows, ascending: some of one row, some of thousands. */
function makeRows(prng: ReturnType<typeof createPrng>): readonly number[] {
  const rows: number[] = []
  const windowCount = prng.nextBelow(40)
  for (let window = 0; window < windowCount; window += 1) {
    const rowCount = prng.nextChance(0.2) ? prng.nextBelow(3_000) : prng.nextBelow(40)
    for (let row = 0; row < rowCount; row += 1) rows.push(window * WINDOW_MS)
  }
  return rows
}

test.for([false, true])('downwards: %s', isDescending => {
  const prng = createPrng(7)
  let foundCount = 0
  for (let turn = 0; turn < CASES; turn += 1) {
    const rows = makeRows(prng)
    const index = rows.filter((_, row) => row % STEP === 0)
    const bound = (): number | null => (prng.nextChance(0.3) ? null : prng.nextBelow(450) - 20)
    const [fromMs, toMs] = [bound(), bound()]
    const count = 1 + prng.nextBelow(2_000)
    const edge = edgeOf(index, { fromMs, toMs, isDescending }, count)
    const meant = rows.filter(start => (fromMs ?? start) <= start && start < (toMs ?? start + 1))
    if (edge === null) {
      expect(meant.length).toBeLessThan(count + SLACK_ROWS)
      continue
    }
    foundCount += 1
    const beyond = (start: number): boolean => (isDescending ? start < edge : start > edge)
    const near = meant.filter(start => !beyond(start))
    expect(near.length).toBeGreaterThanOrEqual(count)
    // Without its last window it is about as many as were asked for.
    expect(near.filter(start => start !== edge).length).toBeLessThan(count + SLACK_ROWS)
  }
  expect(foundCount).toBeGreaterThan(CASES / 10)
})

test('of a table it is read once, of the next one anew, and after an error again', async () => {
  const metric = defineMetric('sales', { from: sold, window: 'day', measures: { sales: count() } })
  const plan = present(plansOf(metric)[0], 'a plan')
  const indexes = new SparseIndexes()
  const instance = await DuckDBInstance.create(':memory:')
  const connection = await instance.connect()
  const make = (table: string): Promise<unknown> =>
    connection.run(`CREATE TABLE ${table} AS SELECT range AS window_start FROM range(600)`)
  await make('first')
  expect(await indexes.of(connection, plan, 'first')).toEqual([0, 256, 512])
  await connection.run('DELETE FROM first')
  expect(await indexes.of(connection, plan, 'first')).toEqual([0, 256, 512])
  await expect(indexes.of(connection, plan, 'second')).rejects.toThrow('second')
  await make('second')
  await connection.run('UPDATE second SET window_start = window_start + 1')
  expect(await indexes.of(connection, plan, 'second')).toEqual([1, 257, 513])
  connection.closeSync()
  instance.closeSync()
})
