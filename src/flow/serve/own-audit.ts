/**
 * What a digest worker can tell of the ledger: the lines of its own shards, as they stand in the
 * results place, beside what the log holds of them. Each worker tells of its own, so that what they
 * all tell adds up.
 */
import { toAuditAnswer } from '../../api/api.ts'
import type { AuditAnswer } from '../../api/contract.ts'
import type { EventLog } from '../../log/log.ts'
import type { Ledger } from '../../model/ledger.ts'
import type { Clock } from '../../std/clock.ts'
import { isFault } from '../../std/fault.ts'
import { createLogState } from './log-state.ts'

export interface OwnAuditSources {
  readonly log: EventLog
  readonly clock: Clock
  /** Of all shards. */
  readonly readLedger: () => Promise<Ledger>
  /** Those that are digested here now. */
  readonly shards: () => readonly number[]
  readonly signal: AbortSignal
}

/** null: there are no shards here, or store or log do not answer now. */
export function createOwnAudit(sources: OwnAuditSources): () => Promise<AuditAnswer | null> {
  const { log, clock, readLedger, signal } = sources
  const logState = createLogState(log, clock)
  return async () => {
    const shards = new Set(sources.shards())
    if (shards.size === 0) return null
    try {
      const ledger = ofShards(await readLedger(), shards)
      const state = await logState(ledger, signal)
      const bounds = state.bounds.filter(({ partition }) => shards.has(partition))
      return toAuditAnswer(ledger, { ...state, bounds }, null)
    } catch (error) {
      if (signal.aborted || isFault(error)) return null
      throw error
    }
  }
}

function ofShards({ partitions }: Ledger, shards: ReadonlySet<number>): Ledger {
  const own = partitions.filter(({ partition }) => shards.has(partition))
  return { balanced: own.every(({ balanced }) => balanced), partitions: own }
}
