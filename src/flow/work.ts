/**
 * The work of a digest worker: its share of the shards, for as long as the group leaves it to this
 * process. What a share's digest needs is in the store; whoever gets a shard next goes on from the
 * last commit there, so that nothing is handed over between processes.
 */
import type { Assignment, ShardGroup } from '../log/shards.ts'
import { topicsOf } from '../model/catalog.ts'
import type { LogPosition } from '../model/record.ts'
import type { Step } from '../model/step.ts'
import type { Fault } from '../std/fault.ts'
import { isFault } from '../std/fault.ts'
import { SECOND_MS } from '../std/units.ts'
import type { StepStore } from '../store/store.ts'
import type { DigestOptions } from './digest.ts'
import { runDigest } from './digest.ts'

export interface WorkOptions
  extends Omit<DigestOptions, 'openStore' | 'shards' | 'drain' | 'signal'> {
  readonly group: ShardGroup
  /** Takes the shards and opens their state. */
  readonly openShards: (shards: readonly number[]) => Promise<StepStore>
  readonly onAssigned: (shards: readonly number[]) => void
  /** Told when commits were refused, because another worker has a shard by now. */
  readonly onFenced: (fault: Fault) => void
  readonly signal: AbortSignal
}

/** A share that was lost while the group did not know it yet is left alone for so long. */
const FENCED_PAUSE_MS = 3 * SECOND_MS
const REPORT_MS = SECOND_MS
const NEVER = new AbortController().signal

/** Runs until the signal aborts. Throws a Fault whose retry is `never`. */
export async function runWork(options: WorkOptions): Promise<void> {
  for await (const assignment of options.group.assignments(options.signal)) {
    options.onAssigned(assignment.shards)
    if (assignment.shards.length === 0) await aborted(assignment.ended)
    else await digestShare(options, assignment)
  }
}

async function digestShare(options: WorkOptions, assignment: Assignment): Promise<void> {
  const { shards, ended } = assignment
  const report = createReport(assignment, options)
  while (!ended.aborted) {
    try {
      await runDigest({
        ...options,
        shards,
        announces: true,
        openStore: () => options.openShards(shards),
        onCommit: (committed, step) => {
          report(step)
          options.onCommit(committed, step)
        },
        drain: NEVER,
        signal: ended,
      })
    } catch (error) {
      if (!isFault(error, 'EPOCH_FENCED')) throw error
      options.onFenced(error)
      // Most often the group tells meanwhile that the share has ended.
      await options.clock.sleep(FENCED_PAUSE_MS, ended)
    }
  }
}

/** Tells the group now and then how far the shards are, for tools that show its lag. */
function createReport(
  assignment: Assignment,
  { clock, catalog }: Pick<WorkOptions, 'clock' | 'catalog'>,
): (step: Step) => void {
  const { ended } = assignment
  const topics = new Set(topicsOf(catalog))
  const positions = new Map<string, LogPosition>()
  const tell = async (): Promise<void> => {
    await clock.sleep(REPORT_MS, ended)
    const told = [...positions.values()]
    positions.clear()
    if (!ended.aborted) await assignment.report(told)
  }
  return step => {
    const isTelling = positions.size > 0
    for (const { topic, partition, offsetNext } of step.shards.flatMap(one => one.partitions)) {
      // Of event types that were taken out of the config the group knows nothing.
      if (topics.has(topic))
        positions.set(`${topic}/${partition}`, { topic, partition, offset: offsetNext })
    }
    if (!isTelling) void tell()
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise(resolve => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })
}
