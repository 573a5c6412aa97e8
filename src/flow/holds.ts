/**
 * Holds: work that has the store to itself, between two steps of the digest. It is asked for from
 * anywhere; the digest commits what it has, lets its engines go, does the work, and makes new
 * engines of what the store holds then.
 */
import type { ArchiveTotals } from '../model/archive.ts'
import { Fault } from '../std/fault.ts'
import type { StepStore, StoreState } from '../store/store.ts'

/** What work has while it holds the store. */
export interface Held {
  readonly store: StepStore
  readonly state: StoreState
  /** Bytes of one shard's ids in memory. */
  readonly idsMemoryMax: number
  /** Archives all that is digested; gives how far that is. Throws LAKE_INCOMPLETE: nothing is. */
  archiveOut(signal: AbortSignal): Promise<readonly ArchiveTotals[]>
}

export type HeldWork = (held: Held) => Promise<void>

export interface Holds {
  /** Does the work once the store is free. Throws what it throws, STORE_UNAVAILABLE at the end. */
  run<T>(work: (held: Held) => Promise<T>): Promise<T>
  /** Whether work waits. */
  readonly isAsked: boolean
  /** The work that waits longest, which never throws; null: none waits. */
  take(): HeldWork | null
  /** Nothing is taken any more. */
  close(): void
}

export function createHolds(): Holds {
  const waiting: { readonly work: HeldWork; readonly refuse: (fault: Fault) => void }[] = []
  let isClosed = false
  const closed = (): Fault => new Fault('STORE_UNAVAILABLE', 'counting has ended; ask again later')
  return {
    run: async work => {
      if (isClosed) throw closed()
      return await new Promise((resolve, reject) => {
        waiting.push({ work: held => work(held).then(resolve, reject), refuse: reject })
      })
    },
    get isAsked() {
      return waiting.length > 0
    },
    take: () => waiting.shift()?.work ?? null,
    close: () => {
      isClosed = true
      for (const { refuse } of waiting.splice(0)) refuse(closed())
    },
  }
}
