/**
 * Faults over Kafka: workers that are killed, frozen and sent away, and brokers that die, under
 * load; then asks whether anything was lost or counted twice. A round is made of its seed: faults
 * one after the other, on one deployment, whose answers are compared at the end.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import type { KafkaCluster } from '../../scripts/kafka/cluster.ts'
import { startKafka } from '../../scripts/kafka/cluster.ts'
import type { Prng } from '../../src/std/prng.ts'
import { createPrng } from '../../src/std/prng.ts'
import type { Fleet } from '../support/fleet.ts'
import { openFleet } from '../support/fleet.ts'
import type { WeirProcess } from '../support/process.ts'
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

/** Where a worker can be made to kill itself. */
export const WORKER_CRASH_POINTS = [
  'objects.before',
  'objects.after',
  'manifest.after',
  'upkeep.after',
] as const

export type KafkaFault =
  /**
   * SIGKILL of a worker at any moment; another one comes at once, or when its shards have moved.
   */
  | { readonly kind: 'worker killed'; readonly isReplacedAtOnce: boolean }
  /** One more worker, which dies at the n-th time that it comes by there. */
  | {
      readonly kind: 'worker killed at a point'
      readonly point: (typeof WORKER_CRASH_POINTS)[number]
      readonly hit: number
    }
  /** SIGSTOP of a worker until others have its shards, then SIGCONT. */
  | { readonly kind: 'worker frozen' }
  /** Workers join, or are sent away by SIGTERM, until there are so many. */
  | { readonly kind: 'workers changed'; readonly count: number }
  /** SIGKILL of one of the brokers, and its restart. */
  | { readonly kind: 'broker killed' }
  /** SIGKILL of all, for so long. */
  | { readonly kind: 'all brokers killed'; readonly forMs: number }

export interface KafkaReport {
  /** Items acknowledged, all of which were found. */
  acknowledgedCount: number
  /** Commits of frozen workers that were refused when they went on. */
  fencedCount: number
  /** How long answers stood still. */
  readonly stalls: Waits<KafkaFault['kind']>
}

/** What must be shown: 25 kills and more, 5 workers frozen, 5 brokers killed, 10 changes. */
const DECK: Deck<KafkaFault['kind']> = {
  'worker killed': 22,
  'worker killed at a point': 8,
  'worker frozen': 6,
  'workers changed': 12,
  'broker killed': 6,
  'all brokers killed': 1,
}
export const KAFKA_FAULTS: number = countOf(DECK)
const WORKERS_AT_FIRST = 2
/** As many as there are partitions of a topic, if nobody says otherwise. */
const SHARDS = 4
/** Then so many, over and over. */
const SIZES = [4, 2, 1, 2]
const SESSION = '3s'
/** Past its session, whenever it was heard of last. */
const FROZEN_MS = 6_000
const PAUSE_MS_MAX = 1_500
const OUTAGE_MS = 6_000
const WAIT_MS_MAX = 60_000
const HITS_MAX = 4
/** Promised: answers move again by then. */
const STALL_S_MAX = 30
/** A request is answered by then, whatever happens to the brokers. */
const ANSWER_MS_MAX = 45_000
const POLL_MS = 50

/** Throws at the first loss, with the line that does the same again. */
export async function runKafkaCampaign(
  count: number,
  seed: number,
  say: (line: string) => void,
): Promise<KafkaReport> {
  await using cluster = await startKafka({ mode: 'kraft', brokers: 3 })
  const report = createKafkaReport()
  const rerun = `npm run campaign -- kafka ${count} ${seed}`
  await runRounds(
    planKafkaFaults(count, seed),
    seed,
    (faults, ownSeed) => runKafkaRound(faults, { cluster, seed: ownSeed, rerun, report, say }),
    done => {
      say(`${done} of ${count} faults; ${report.acknowledgedCount} items acknowledged, none lost`)
    },
  )
  return report
}

function planKafkaFaults(count: number, seed: number): readonly KafkaFault[] {
  const prng = createPrng(seed)
  let changes = 0
  return dealKinds(DECK, count, prng).map((kind): KafkaFault => {
    switch (kind) {
      case 'worker killed':
        return { kind, isReplacedAtOnce: prng.nextChance(0.5) }
      case 'worker killed at a point':
        return { kind, point: pick(WORKER_CRASH_POINTS, prng), hit: 1 + prng.nextBelow(HITS_MAX) }
      case 'workers changed':
        changes += 1
        return { kind, count: SIZES[(changes - 1) % SIZES.length] ?? 1 }
      case 'all brokers killed':
        return { kind, forMs: OUTAGE_MS }
      default:
        return { kind }
    }
  })
}

export interface KafkaRound extends Round {
  readonly cluster: KafkaCluster
  /** Is added to. */
  readonly report: KafkaReport
}

/** One deployment through all these faults; its answers are compared at the end. */
export async function runKafkaRound(
  faults: readonly KafkaFault[],
  round: KafkaRound,
): Promise<void> {
  const { cluster, seed, report, say } = round
  const { bootstrap } = cluster
  const done: string[] = []
  await using fleet = await openFleet({
    bootstrap,
    seed,
    workers: WORKERS_AT_FIRST,
    session: SESSION,
  })
  const prng = createPrng(seed)
  try {
    for (const fault of faults) {
      done.push(toText(fault))
      await sleep(prng.nextBelow(PAUSE_MS_MAX))
      const stallS = await inflict(fault, { cluster, fleet, prng, report })
      noteWait(report.stalls, fault.kind, stallS)
      say(`${toText(fault)}: answers stood still for ${stallS.toFixed(1)} s`)
      if (fault.kind !== 'all brokers killed') expectBelow(stallS, STALL_S_MAX, 's of stall')
    }
    expectAnswered(fleet.answers)
    report.acknowledgedCount += (await fleet.settle()).acknowledgedCount
  } catch (cause) {
    throw toLoss(cause, round, { done, fleet })
  }
}

interface Stage {
  readonly cluster: KafkaCluster
  readonly fleet: Fleet
  readonly prng: Prng
  readonly report: KafkaReport
}

/** Gives for how long answers stood still, in seconds, once all is as it was. */
async function inflict(fault: KafkaFault, stage: Stage): Promise<number> {
  switch (fault.kind) {
    case 'worker killed':
      return await killWorker(fault.isReplacedAtOnce, stage)
    case 'worker killed at a point':
      return await killOneMore(fault, stage)
    case 'worker frozen':
      return await freezeWorker(stage)
    case 'workers changed':
      return await changeWorkers(fault.count, stage)
    case 'broker killed':
      return await killBroker(stage)
    case 'all brokers killed':
      return await killBrokers(fault.forMs, stage)
  }
}

async function killWorker(isReplacedAtOnce: boolean, { fleet, prng }: Stage): Promise<number> {
  const victim = pick(fleet.workers, prng)
  const isAlone = fleet.workers.length === 1
  const stallS = await fleet.watch.stallOf(async () => {
    await victim.kill()
    if (isAlone || isReplacedAtOnce) await fleet.join()
  })
  if (!isAlone && !isReplacedAtOnce) await fleet.join()
  return stallS
}

async function killOneMore(
  at: Extract<KafkaFault, { readonly kind: 'worker killed at a point' }>,
  { fleet }: Stage,
): Promise<number> {
  // It dies at its work, so there must be a shard for it.
  if (fleet.workers.length >= SHARDS) await fleet.workers[0]?.stop('SIGTERM')
  return await fleet.watch.stallOf(() => killAtPoint(at, fleet))
}

async function freezeWorker({ fleet, prng, report }: Stage): Promise<number> {
  if (fleet.workers.length === 1) await fleet.join()
  const victim = pick(fleet.workers, prng)
  const before = await countersOf(victim)
  const stallS = await fleet.watch.stallOf(async () => {
    victim.signal('SIGSTOP')
    await sleep(FROZEN_MS)
  })
  victim.signal('SIGCONT')
  // It is thrown out, and joins again.
  await until('it joins again', async () => {
    return (await countersOf(victim)).assignments > before.assignments
  })
  report.fencedCount += (await countersOf(victim)).fenced - before.fenced
  return stallS
}

async function changeWorkers(count: number, { fleet }: Stage): Promise<number> {
  return await fleet.watch.stallOf(async () => {
    for (const worker of fleet.workers.slice(count)) {
      const { how, stderr } = await worker.stop('SIGTERM')
      if (how !== 'exit 0')
        throw new Error(`a worker that was sent away ended by ${how}:\n${stderr}`)
    }
    const missing = Math.max(0, count - fleet.workers.length)
    await Promise.all(Array.from({ length: missing }, () => fleet.join()))
  })
}

async function killBroker({ cluster, fleet, prng }: Stage): Promise<number> {
  const victim = pick(cluster.brokers, prng)
  const stallS = await fleet.watch.stallOf(() => victim.kill())
  await victim.restart()
  return stallS
}

async function killBrokers(forMs: number, { cluster, fleet }: Stage): Promise<number> {
  return await fleet.watch.stallOf(async () => {
    await Promise.all(cluster.brokers.map(broker => broker.kill()))
    await sleep(forMs)
    const refused = fleet.answers.filter(({ status }) => status === 503)
    if (refused.length === 0) throw new Error('no request was refused while all brokers were away')
    await Promise.all(cluster.brokers.map(broker => broker.restart()))
  })
}

interface WorkerCounters {
  readonly assignments: number
  readonly fenced: number
}

async function countersOf({ url }: WeirProcess): Promise<WorkerCounters> {
  const text = await (await fetch(`${url}/metrics`)).text()
  const read = (name: string): number =>
    Number(new RegExp(`^weir_worker_${name}_total (\\d+)$`, 'm').exec(text)?.[1] ?? Number.NaN)
  return { assignments: read('assignments'), fenced: read('fenced') }
}

/** Nobody waited for ever, and who was sent away was told when to come again. */
function expectAnswered(answers: Fleet['answers']): void {
  for (const { status, retryAfter, tookMs } of answers) {
    expectBelow(tookMs, ANSWER_MS_MAX, 'ms until an answer')
    const isRight = status === 200 || (status === 503 && Number(retryAfter) > 0)
    if (!isRight) throw new Error(`the door answered ${status}, Retry-After: ${retryAfter}`)
  }
}

async function until(what: string, isSo: () => Promise<boolean>): Promise<void> {
  for (let waitedMs = 0; !(await isSo()); waitedMs += POLL_MS) {
    if (waitedMs > WAIT_MS_MAX) throw new Error(`in vain: ${what}`)
    await sleep(POLL_MS)
  }
}

export function createKafkaReport(): KafkaReport {
  return { acknowledgedCount: 0, fencedCount: 0, stalls: new Map() }
}

function toText(fault: KafkaFault): string {
  switch (fault.kind) {
    case 'worker killed':
      return fault.isReplacedAtOnce ? 'worker killed, another came at once' : 'worker killed'
    case 'worker killed at a point':
      return `worker killed at ${fault.point}, pass ${fault.hit}`
    case 'workers changed':
      return `workers changed to ${fault.count}`
    default:
      return fault.kind
  }
}
