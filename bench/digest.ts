/**
 * The digest end to end: the same events in the embedded log, on disk, to a DuckDB store with
 * durable commits, until nothing is left.
 * Run as `node bench/digest.ts fill|digest FILE`; `fill` makes the log, unless it is there.
 */
import { existsSync, mkdtempSync, renameSync, rmSync, statSync } from 'node:fs'
import process from 'node:process'
import type { EventLog } from '../src/log/log.ts'
import { openSegmentLog } from '../src/log/segment/segment-log.ts'
import { topicsOf } from '../src/model/catalog.ts'
import type { Clock } from '../src/std/clock.ts'
import { createSystemClock } from '../src/std/clock.ts'
import { GIB, MIB } from '../src/std/units.ts'
import { ARRIVAL_MS, cachePath, PARTITIONS } from './events.ts'
import { appendFile, CATALOG, digestAll, NEVER, readTotals } from './job.ts'
import type { Measured } from './measure.ts'
import { measure, tell } from './measure.ts'
import { COMMIT_MS, openBenchStore } from './stores.ts'

async function measureDigest(file: string): Promise<Measured> {
  const directory = mkdtempSync(cachePath('digest-'))
  const openStore = (): ReturnType<typeof openBenchStore> => openBenchStore(directory)
  try {
    await using log = await openLog(logOf(file), createSystemClock())
    const bounds = await log.bounds(NEVER)
    const events = bounds.reduce((sum, bound) => sum + bound.offsetEnd, 0)
    return await measure(
      { what: 'digest', events, bytes: statSync(file).size },
      () => digestAll({ log, openStore, commitMs: COMMIT_MS }),
      async () => {
        await using store = await openStore()
        return await readTotals(store)
      },
    )
  } finally {
    rmSync(directory, { recursive: true })
  }
}

function logOf(file: string): string {
  return `${file}.log`
}

function openLog(directory: string, clock: Clock): Promise<EventLog> {
  return openSegmentLog({
    directory,
    topics: topicsOf(CATALOG),
    partitions: PARTITIONS,
    clock,
    segmentBytes: 64 * MIB,
    retentionMs: null,
    retentionBytes: null,
    logBytesMax: 20 * GIB,
  })
}

async function fillLog(file: string): Promise<void> {
  const directory = logOf(file)
  if (existsSync(directory)) return
  rmSync(`${directory}.new`, { recursive: true, force: true })
  const clock = { ...createSystemClock(), now: () => ARRIVAL_MS }
  await using log = await openLog(`${directory}.new`, clock)
  await appendFile(log, file)
  renameSync(`${directory}.new`, directory)
}

const [what, file] = process.argv.slice(2)
if (import.meta.main && file !== undefined) {
  if (what === 'fill') await fillLog(file)
  else tell(await measureDigest(file))
}
