/**
 * Watches how the answers of a process move: how far each partition's ledger is, looked at many
 * times a second. A stall is what a person would see: for how long the numbers of some partition
 * stood still while events for it went on coming.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import type { AuditAnswer } from './process.ts'
import { readJsonFrom } from './process.ts'

export interface ProgressWatch extends AsyncDisposable {
  /**
   * Does what stops the answers, and waits until every partition has moved again. Gives the longest
   * that one of them stood still, in seconds.
   */
  stallOf(fault: () => Promise<void>): Promise<number>
  /** Resolves when every partition is read to its end. Nobody sends any more. */
  digested(): Promise<AuditAnswer>
}

const POLL_MS = 100
const SECOND_MS = 1_000
/** What was committed before a fault is seen by then: readers look four times a second. */
const SEEN_MS = 1_000
const PATIENCE_MS = 90_000

interface Moving {
  consumed: number
  movedAtMs: number
}

/** `isWatched`: whether so many events come for a topic that it moves every second. */
export function watchProgress(url: string, isWatched: (topic: string) => boolean): ProgressWatch {
  const places = new Map<string, Moving>()
  const stop = new AbortController()
  let stallMs = 0
  let audit: AuditAnswer | null = null

  const look = async (): Promise<void> => {
    // An answer is as of some moment after it was asked for.
    const nowMs = performance.now()
    audit = (await readJsonFrom(`${url}/v1/audit`).catch(() => null)) as AuditAnswer | null
    for (const { topic, partition, consumed } of audit?.partitions ?? []) {
      const place = `${topic}/${partition}`
      const known = places.get(place)
      if (!isWatched(topic) || known?.consumed === consumed) continue
      if (known !== undefined) stallMs = Math.max(stallMs, nowMs - known.movedAtMs)
      places.set(place, { consumed, movedAtMs: nowMs })
    }
  }
  const watching = (async () => {
    while (!stop.signal.aborted) {
      await look()
      await sleep(POLL_MS)
    }
  })()
  const until = async (what: string, isSo: () => boolean): Promise<void> => {
    for (let waitedMs = 0; !isSo(); waitedMs += POLL_MS) {
      if (waitedMs > PATIENCE_MS) throw new Error(`${what} after ${PATIENCE_MS / SECOND_MS} s`)
      await sleep(POLL_MS)
    }
  }
  const haveMovedSince = (sinceMs: number): boolean =>
    places.size > 0 && [...places.values()].every(({ movedAtMs }) => movedAtMs > sinceMs)
  return {
    stallOf: async fault => {
      await until('the answers do not move', () =>
        haveMovedSince(performance.now() - SECOND_MS * 5),
      )
      stallMs = 0
      await fault()
      const sinceMs = performance.now() + SEEN_MS
      await until('some partition stands still', () => haveMovedSince(sinceMs))
      return stallMs / SECOND_MS
    },
    digested: async () => {
      let whole: AuditAnswer | null = null
      await until('the log was not digested', () => {
        if (audit?.partitions.every(({ lag }) => lag === 0) === true) whole = audit
        return whole !== null
      })
      return (await readJsonFrom(`${url}/v1/audit`)) as AuditAnswer
    },
    [Symbol.asyncDispose]: async () => {
      stop.abort()
      await watching
    },
  }
}
