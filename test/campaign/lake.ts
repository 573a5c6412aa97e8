/**
 * Faults of the archive: workers that are killed while they write the lake, disks that are lost,
 * and an S3 server that fails, breaks off and goes away, under load; then asks whether every
 * accepted event is in the lake once. A round is made of its seed: faults one after the other, on
 * one deployment, whose lake is in a bucket behind a proxy, which is the bad server. (What a bad
 * server does to results is in test/s3-corridor.integration.test.ts.)
 */
import { readdirSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { S3Access } from '../../scripts/s3/server.ts'
import type { Prng } from '../../src/std/prng.ts'
import { createPrng } from '../../src/std/prng.ts'
import type { BadServer } from '../support/bad-server.ts'
import { openBadServer } from '../support/bad-server.ts'
import type { DiskWatch } from '../support/disk-watch.ts'
import { watchDisks } from '../support/disk-watch.ts'
import type { Fleet } from '../support/fleet.ts'
import { openFleet } from '../support/fleet.ts'
import type { ArchivedAudit } from '../support/lake-check.ts'
import { assertLakeHolds, waitUntilArchived } from '../support/lake-check.ts'
import { createPlace } from '../support/place.ts'
import { readJsonFrom } from '../support/process.ts'
import { copyBucket, createBucket, toS3Variables } from '../support/s3.ts'
import type { Deck, Round, Waits } from './faults.ts'
import {
  countOf,
  dealKinds,
  expectBelow,
  killAtPoint,
  noteWait,
  pick,
  runRounds,
  toLoss,
} from './faults.ts'

/** Where a worker can be made to kill itself while it archives. */
export const ARCHIVE_CRASH_POINTS = [
  'intent.after',
  'upload.before',
  'upload.after',
  'archive.before',
  'archive.after',
] as const

export type LakeFault =
  /** SIGKILL at any moment; the next worker has its disk. */
  | { readonly kind: 'worker killed'; readonly inStorm: boolean }
  /** One more worker, which dies at the n-th time that it comes by there. */
  | {
      readonly kind: 'worker killed at a point'
      readonly point: (typeof ARCHIVE_CRASH_POINTS)[number]
      readonly hit: number
      readonly inStorm: boolean
    }
  /** SIGKILL, and its disk is gone: another worker takes its shards over, and a new one comes. */
  | { readonly kind: 'disk lost'; readonly inStorm: boolean }
  /** So many uploads break off in the middle. */
  | { readonly kind: 'uploads cut'; readonly count: number }
  /** Nothing of the server answers for so long. */
  | { readonly kind: 'server out'; readonly forMs: number }

export interface LakeReport {
  acknowledgedCount: number
  /** Rows and rejects in the lake, each there once. */
  lakeCount: number
  /** Calls that the server failed. */
  failedCalls: number
  cutCount: number
  /** The most of any worker, in bytes. */
  scratchMax: number
  residentMax: number
  /** How far the lake was behind. */
  readonly lags: Waits<LakeFault['kind']>
}

/** What must be shown: 25 kills and more, and 5 lost disks and more. */
const DECK: Deck<LakeFault['kind']> = {
  'worker killed': 13,
  'worker killed at a point': 12,
  'disk lost': 6,
  'uploads cut': 4,
  'server out': 1,
}
export const LAKE_FAULTS: number = countOf(DECK)
const WORKERS = 2
const SESSION = '3s'
/** Of calls in a storm. */
const FAILING = 0.3
/** So many kills come in one, and it goes on for so long after them. */
const STORMS = 0.4
const STORM_MS = 4_000
const OUTAGE_MS = 60_000
const CUTS = 3
const HITS_MAX = 4
const PAUSE_MS_MAX = 1_500
const LAG_MS_MAX = 180_000
const POLL_MS = 100
const SECOND_MS = 1_000
const MIB = 1 << 20
/** A worker's scratch holds one file of one range, whatever waits. */
const RANGE_BYTES_MAX: number = MIB
const SCRATCH_BYTES_MAX: number = 2 * RANGE_BYTES_MAX
/** Node, DuckDB, the tables of ids, and batches of the log: some 420 MiB on an idle machine. */
const RESIDENT_BYTES_MAX: number = 700 * MIB

export interface LakeRound extends Round {
  readonly access: S3Access
  readonly bootstrap: string
  /** Is added to. */
  readonly report: LakeReport
}

/** Throws at the first loss, with the line that does the same again. */
export async function runLakeCampaign(
  count: number,
  seed: number,
  servers: Pick<LakeRound, 'access' | 'bootstrap' | 'say'>,
): Promise<LakeReport> {
  const report = createLakeReport()
  const rerun = `npm run campaign -- lake ${count} ${seed}`
  await runRounds(
    planLakeFaults(count, seed),
    seed,
    (faults, ownSeed) => runLakeRound(faults, { ...servers, seed: ownSeed, rerun, report }),
    done => {
      const { acknowledgedCount, lakeCount } = report
      servers.say(
        `${done} of ${count} faults; ${acknowledgedCount} items acknowledged, ` +
          `${lakeCount} rows and rejects in the lake, each once`,
      )
    },
  )
  return report
}

function planLakeFaults(count: number, seed: number): readonly LakeFault[] {
  const prng = createPrng(seed)
  return dealKinds(DECK, count, prng).map((kind): LakeFault => {
    const inStorm = prng.nextChance(STORMS)
    switch (kind) {
      case 'worker killed at a point': {
        const point = pick(ARCHIVE_CRASH_POINTS, prng)
        return { kind, point, hit: 1 + prng.nextBelow(HITS_MAX), inStorm }
      }
      case 'uploads cut':
        return { kind, count: CUTS }
      case 'server out':
        return { kind, forMs: OUTAGE_MS }
      default:
        return { kind, inStorm }
    }
  })
}

export function createLakeReport(): LakeReport {
  return {
    acknowledgedCount: 0,
    lakeCount: 0,
    failedCalls: 0,
    cutCount: 0,
    scratchMax: 0,
    residentMax: 0,
    lags: new Map(),
  }
}

interface Stage {
  readonly fleet: Fleet
  readonly server: BadServer
  readonly disks: DiskWatch
  readonly prng: Prng
}

/** One deployment through all these faults; then its lake is held to what the brokers have. */
export async function runLakeRound(faults: readonly LakeFault[], round: LakeRound): Promise<void> {
  const { access, bootstrap, seed, report, say } = round
  const prng = createPrng(seed)
  await using server = await openBadServer(access.endpoint, prng)
  await using place = await createPlace()
  const bucket = await createBucket(access)
  await using fleet = await openFleet({
    bootstrap,
    seed,
    workers: WORKERS,
    session: SESSION,
    settings: {
      ...toS3Variables(access),
      WEIR_ARCHIVE: `s3://${bucket}/lake`,
      WEIR_ARCHIVE_INTERVAL: '300ms',
      WEIR_ARCHIVE_BYTES: `${RANGE_BYTES_MAX / MIB}MiB`,
    },
    workerSettings: { WEIR_S3_ENDPOINT: server.endpoint },
  })
  await using disks = watchDisks(fleet)
  const done: string[] = []
  try {
    for (const fault of faults) {
      done.push(toText(fault))
      await sleep(prng.nextBelow(PAUSE_MS_MAX))
      const lagS = await inflict(fault, { fleet, server, disks, prng })
      noteWait(report.lags, fault.kind, lagS)
      say(`${toText(fault)}: all of that time in the lake ${lagS.toFixed(1)} s later`)
    }
    const { acknowledgedCount, judged } = await fleet.settle()
    const audit = await waitUntilArchived(fleet.serve.url)
    await copyBucket(access, bucket, place.directory)
    await assertLakeHolds(audit, { judged, lake: join(place.directory, 'lake') })
    report.acknowledgedCount += acknowledgedCount
    report.lakeCount += judged.filter(({ verdict }) => verdict.kind !== 'duplicate').length
    expectTidy(fleet)
  } catch (cause) {
    throw toLoss(cause, round, { done, fleet })
  } finally {
    report.failedCalls += server.failedCount
    report.cutCount += server.cutCount
    report.scratchMax = Math.max(report.scratchMax, disks.scratchMax)
    report.residentMax = Math.max(report.residentMax, disks.residentMax)
  }
  expectBelow(disks.scratchMax, SCRATCH_BYTES_MAX, 'bytes of scratch')
  expectBelow(disks.residentMax, RESIDENT_BYTES_MAX, 'bytes of memory')
}

/** Gives how long after the fault all that was digested by then rests in the lake, in seconds. */
async function inflict(fault: LakeFault, stage: Stage): Promise<number> {
  const { server } = stage
  const isStorm = 'inStorm' in fault && fault.inStorm
  if (isStorm) server.fail(FAILING)
  await act(fault, stage)
  if (isStorm) await sleep(STORM_MS)
  server.fail(0)
  return (await untilArchived(stage.fleet)) / SECOND_MS
}

async function act(fault: LakeFault, { fleet, server, prng }: Stage): Promise<void> {
  switch (fault.kind) {
    case 'worker killed': {
      const { disk } = await killOne(fleet, prng)
      await fleet.join({ WEIR_DATA: disk })
      return
    }
    case 'worker killed at a point':
      // All that die so have one disk, one after the other.
      return await killAtPoint(fault, fleet, { WEIR_DATA: join(fleet.directory, 'doomed') })
    case 'disk lost': {
      const { disk } = await killOne(fleet, prng)
      await rm(disk, { recursive: true, force: true })
      await fleet.join()
      return
    }
    case 'uploads cut':
      return await server.cut(fault.count)
    case 'server out':
      server.setOut(true)
      await sleep(fault.forMs)
      server.setOut(false)
  }
}

async function killOne(fleet: Fleet, prng: Prng): Promise<{ readonly disk: string }> {
  const victim = pick(fleet.workers, prng)
  await victim.kill()
  return victim
}

/** Waits until what is digested by now is archived; gives how long that took. */
async function untilArchived({ serve }: Fleet): Promise<number> {
  const beganMs = performance.now()
  const read = async (): Promise<ArchivedAudit> =>
    (await readJsonFrom(`${serve.url}/v1/audit`)) as ArchivedAudit
  const wanted = await read()
  for (;;) {
    const { partitions } = await read()
    const isDone = wanted.partitions.every(line => {
      const now = partitions.find(
        one => one.topic === line.topic && one.partition === line.partition,
      )
      return (now?.archived_offset ?? 0) >= line.offset_next
    })
    const tookMs = performance.now() - beganMs
    if (isDone) return tookMs
    if (tookMs > LAG_MS_MAX) throw new Error(`the lake is ${LAG_MS_MAX / SECOND_MS} s behind`)
    await sleep(POLL_MS)
  }
}

/** On disks that live workers have, nothing is left of those that died. */
function expectTidy({ workers }: Fleet): void {
  for (const { disk, pid } of workers) {
    const names = ['scratch', 'cache'].flatMap(kind => readdirSync(join(disk, kind)))
    const strangers = names.filter(name => !name.endsWith(`-${pid}`))
    if (strangers.length > 0) throw new Error(`left on a disk: ${strangers.join(', ')}`)
  }
}

function toText(fault: LakeFault): string {
  switch (fault.kind) {
    case 'uploads cut':
      return `${fault.count} uploads cut`
    case 'server out':
      return `server out for ${fault.forMs / SECOND_MS} s`
    default: {
      const at =
        'point' in fault ? `worker killed at ${fault.point}, pass ${fault.hit}` : fault.kind
      return fault.inStorm ? `${at}, 30 % of calls failing` : at
    }
  }
}
