/**
 * What the log holds beside a ledger: how far it goes, and since when the oldest record waits that
 * is not digested, or not archived. That time stands in the record's batch, so it is read there; a
 * record's arrival never changes, so each is read once.
 */
import type { LogState } from '../../api/api.ts'
import type { EventLog } from '../../log/log.ts'
import type { Ledger, LedgerPartition } from '../../model/ledger.ts'
import type { LogPosition, PartitionBounds } from '../../model/record.ts'
import { readBatchHeader } from '../../model/record-batch.ts'
import type { Clock } from '../../std/clock.ts'
import { SECOND_MS } from '../../std/units.ts'

export type ReadLogState = (ledger: Ledger, signal: AbortSignal) => Promise<LogState>

/** While a partition moves, it is read anew this often: more would cost more than it is worth. */
const LOOK_MS = 2 * SECOND_MS
const WAIT_MS_MAX = 300

interface Seen {
  readonly offset: number
  readonly arrivalMs: number
  /** When it was read, by the monotonic clock. */
  readonly lookedAtMs: number
}

export function createLogState(log: EventLog, clock: Clock): ReadLogState {
  const lookAtDigested = createLook(log, clock)
  const lookAtArchived = createLook(log, clock)
  return async (ledger, signal) => {
    const bounds = await log.bounds(signal)
    const oldestMs = await lookAtDigested(findLagging(ledger.partitions, bounds), signal)
    const waiting = ledger.partitions.flatMap(toArchived)
    const names = new Set(waiting.map(toName))
    const expiring = bounds.filter(one => one.retentionMs !== null && names.has(toName(one)))
    const unarchivedMs = await lookAtArchived(findLagging(waiting, expiring), signal)
    return { bounds, oldestMs, unarchivedMs, nowMs: clock.now() }
  }
}

/** A line as if only what is archived was digested; none where all is, or nothing is archived. */
function toArchived(line: LedgerPartition): readonly LedgerPartition[] {
  const { archived_offset: archived, offset_next: next } = line
  return archived === null || archived >= next ? [] : [{ ...line, offset_next: archived }]
}

/** When the records at positions arrived, by `topic partition`; of those that tell in time. */
type Look = (
  positions: readonly LogPosition[],
  signal: AbortSignal,
) => Promise<ReadonlyMap<string, number>>

function createLook(log: EventLog, clock: Clock): Look {
  const seen = new Map<string, Seen>()
  const isKnown = (at: LogPosition): boolean => {
    const known = seen.get(toName(at))
    if (known === undefined) return false
    return known.offset === at.offset || clock.monotonic() - known.lookedAtMs < LOOK_MS
  }
  return async (positions, signal) => {
    const unknown = positions.filter(at => !isKnown(at))
    if (unknown.length > 0) {
      for (const [name, arrival] of await readArrivals(log, unknown, signal)) {
        seen.set(name, { ...arrival, lookedAtMs: clock.monotonic() })
      }
    }
    const arrivedMs = new Map<string, number>()
    for (const at of positions.filter(isKnown)) {
      const arrivalMs = seen.get(toName(at))?.arrivalMs ?? -1
      if (arrivalMs >= 0) arrivedMs.set(toName(at), arrivalMs)
    }
    return arrivedMs
  }
}

function toName(place: { readonly topic: string; readonly partition: number }): string {
  return `${place.topic} ${place.partition}`
}

/** Where the partitions go on that hold more than is digested. */
function findLagging(
  lines: readonly LedgerPartition[],
  bounds: readonly PartitionBounds[],
): readonly LogPosition[] {
  const next = new Map(lines.map(line => [toName(line), line.offset_next]))
  return bounds
    .map(({ topic, partition, offsetFirst, offsetEnd }) => {
      const offset = Math.max(offsetFirst, next.get(toName({ topic, partition })) ?? offsetFirst)
      return { topic, partition, offset, isBehind: offset < offsetEnd }
    })
    .filter(at => at.isBehind)
}

/** The arrivals of the batches at these positions; without those that do not come in time. */
async function readArrivals(
  log: EventLog,
  positions: readonly LogPosition[],
  signal: AbortSignal,
): Promise<ReadonlyMap<string, Pick<Seen, 'offset' | 'arrivalMs'>>> {
  const arrivals = new Map<string, Pick<Seen, 'offset' | 'arrivalMs'>>()
  // A byte: one batch comes at a time.
  for await (const fetches of log.read(
    positions,
    { bytesMax: 1, waitMsMax: WAIT_MS_MAX },
    signal,
  )) {
    for (const { topic, partition, offset, bytes } of fetches) {
      const name = toName({ topic, partition })
      const header = readBatchHeader(bytes, 0)
      if (header === null || arrivals.has(name)) continue
      arrivals.set(name, { offset, arrivalMs: header.maxTimestamp })
    }
    if (fetches.length === 0 || arrivals.size === positions.length) break
  }
  return arrivals
}
