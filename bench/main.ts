/**
 * `npm run bench`: how fast Weir is, and how much memory it takes, next to a plain program that
 * does the same job on the same machine in the same minutes.
 *
 *   npm run bench                all but `ids` and `kafka`, some five minutes
 *   npm run bench -- engine      the engine against the baseline, pair by pair
 *   npm run bench -- digest      log to durable results, next to the engine alone
 *   npm run bench -- import      `weir import` of a file of 465 MiB
 *   npm run bench -- memory      `weir start` at 1,000 events/s, a million events already seen
 *   npm run bench -- restart     a start with 10 M ids already seen
 *   npm run bench -- lake        log to Parquet in a directory
 *   npm run bench -- api          requests next to a plain echo, and questions; keys and limits on
 *   npm run bench -- kafka       the digest over a Kafka, next to a plain consumer; needs Java
 *   npm run bench -- ids         20 M ids in the memory for ids of a default start
 */
import process from 'node:process'
import { benchApi } from './api.ts'
import { benchBatch } from './batch.ts'
import { compareRuns } from './compare.ts'
import { EVENT_COUNT, eventFile } from './events.ts'
import type { IdsMeasured } from './ids.ts'
import { benchKafka } from './kafka.ts'
import type { LakeMeasured } from './lake.ts'
import { countOne, feed, importEvents, makePlace } from './processes.ts'
import { heading, machineText, say, table, whole } from './report.ts'
import { runScript } from './weir.ts'

const BENCHES: { readonly [name: string]: () => Promise<void> } = {
  engine: benchEngine,
  digest: benchDigest,
  import: benchImport,
  memory: benchMemory,
  restart: benchRestart,
  lake: benchLake,
  api: benchApi,
  kafka: benchKafka,
  ids: benchIds,
}
const DEFAULT = ['engine', 'digest', 'import', 'memory', 'restart']

const names = process.argv.slice(2)
const unknown = names.find(name => !Object.hasOwn(BENCHES, name))
if (unknown === undefined) {
  say(`machine: ${machineText()}`)
  for (const name of names.length === 0 ? DEFAULT : names) await BENCHES[name]?.()
} else {
  say(`'${unknown}' is no bench; there are: ${Object.keys(BENCHES).join(', ')}`)
  process.exitCode = 2
}

/** Goal: at least four times the baseline's events per CPU-second. */
async function benchEngine(): Promise<void> {
  const file = await eventFile(EVENT_COUNT)
  await compareRuns('engine and baseline, in memory, one thread each', [
    () => runScript('engine.ts', 'baseline', file),
    () => runScript('engine.ts', 'engine', file),
  ])
}

/** Goal: at least 0.7 of the engine's events/s. */
async function benchDigest(): Promise<void> {
  const file = await eventFile(EVENT_COUNT)
  await runScript('digest.ts', 'fill', file)
  await compareRuns('digest: embedded log to durable commits, next to the engine alone', [
    () => runScript('engine.ts', 'engine', file),
    () => runScript('digest.ts', 'digest', file),
  ])
}

/** Goal: at most 600 MB. */
async function benchImport(): Promise<void> {
  heading('import of one file, until its last event is digested')
  using place = makePlace()
  const run = await importEvents(EVENT_COUNT, place.path)
  table(
    ['events', 'MB', 'seconds', 'events/s', 'MB/s', 'CPU-s', 'RSS max MiB'],
    [
      [
        whole(run.events),
        whole(run.bytes / 1e6),
        run.seconds.toFixed(1),
        whole(run.events / run.seconds),
        whole(run.bytes / 1e6 / run.seconds),
        run.cpuSeconds.toFixed(1),
        whole(run.rssPeakMib),
      ],
    ],
  )
}

/** Goal: at most 300 MB. */
async function benchMemory(): Promise<void> {
  heading('weir start at 1,000 events/s for a minute, 1,000,000 events already seen')
  using place = makePlace()
  await importEvents(1_000_000, place.path)
  const fed = await feed(place.path, { eventsPerSecond: 1_000, seconds: 60 })
  table(
    ['ready s', 'sent', 'RSS max MiB', 'RSS end MiB', 'share of a core'],
    [
      [
        fed.readySeconds.toFixed(2),
        whole(fed.sentCount),
        whole(fed.rssMaxMib),
        whole(fed.rssEndMib),
        fed.cpuShare.toFixed(2),
      ],
    ],
  )
}

/** Goal: at most 10 s. */
async function benchRestart(): Promise<void> {
  heading('a start with 10,000,000 ids already seen')
  using place = makePlace()
  await runScript('ids.ts', place.path, '10000000')
  const started = await countOne(place.path)
  table(
    ['ready s', 'first event counted s', 'RSS MiB'],
    [[started.readySeconds.toFixed(2), started.countedSeconds.toFixed(2), whole(started.rssMib)]],
  )
}

/** Goal: inside what is allowed. */
async function benchIds(): Promise<void> {
  heading('20,000,000 ids')
  using place = makePlace()
  const run = (await runScript('ids.ts', place.path, '20000000')) as IdsMeasured
  table(
    ['ids', 'lost', 'tables max MiB', 'allowed MiB', 'RSS max MiB', 'ids/s'],
    [
      [
        whole(run.idCount),
        whole(run.lostCount),
        whole(run.tablesMaxMib),
        whole(run.tablesAllowedMib),
        whole(run.rssMib),
        whole(run.idCount / run.seconds),
      ],
    ],
  )
}

/** Goal: at least 300,000 events per CPU-second; then both engines over that lake. */
async function benchLake(): Promise<void> {
  heading('archive: embedded log to Parquet in a directory')
  const file = await eventFile(EVENT_COUNT)
  await runScript('digest.ts', 'fill', file)
  using place = makePlace()
  const run = (await runScript('lake.ts', file, place.path)) as LakeMeasured
  table(
    ['events', 'events/CPU-s', 'events/s', 'bytes/event', 'of JSON', 'files', 'RSS max MiB'],
    [
      [
        whole(run.events),
        whole(run.events / run.cpuSeconds),
        whole(run.events / run.seconds),
        (run.lakeBytes / run.events).toFixed(1),
        (run.jsonBytes / run.events).toFixed(1),
        whole(run.fileCount),
        whole(run.rssMib),
      ],
    ],
  )
  await benchBatch(place.path, run.events)
}
