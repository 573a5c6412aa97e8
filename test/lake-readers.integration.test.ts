/** A lake that `weir start` wrote, read with no code of ours: all count what the ledger says. */
import { join } from 'node:path'
import process from 'node:process'
import { expect, test } from 'vitest'
import { assertLakeIsExact, waitUntilArchived } from './support/lake-check.ts'
import { countWithReaders } from './support/lake-readers/readers.ts'
import { createPlace } from './support/place.ts'
import { startWeir } from './support/process.ts'
import { pythonMissing } from './support/python.ts'
import { createVisitors } from './support/visitors.ts'

const missing = pythonMissing()
const isSkipped = missing !== null && process.env['CI'] !== 'true'

test.skipIf(isSkipped)(
  `DuckDB, pyarrow and pandas${missing === null ? '' : `: ${missing}`}`,
  async () => {
    expect(missing).toBeNull()
    await using place = await createPlace()
    const { directory } = place
    await using weir = await startWeir(directory, { WEIR_ARCHIVE_INTERVAL: '200ms' })
    const stop = new AbortController()
    setTimeout(() => stop.abort(), 1_500)
    await createVisitors(1).visit(weir.url, stop.signal)
    const audit = await waitUntilArchived(weir.url)
    await assertLakeIsExact(audit, { log: join(directory, 'log'), lake: join(directory, 'lake') })
    const expected = audit.partitions
      .filter(line => (line.lake_rows ?? 0) > 0)
      .map(line => [`${line.topic} ${line.partition}`, line.lake_rows])
    expect(expected.length).toBeGreaterThan(5)
    const counts = await countWithReaders(join(directory, 'lake'))
    expect(Object.keys(counts)).toEqual(['duckdb', 'pyarrow', 'pandas'])
    for (const found of Object.values(counts)) {
      expect(found).toEqual(Object.fromEntries(expected))
    }
  },
  400_000,
)
