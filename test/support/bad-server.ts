/** An S3 server behind a proxy, which a test makes fail: in part, in whole, or in mid-upload. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Prng } from '../../src/std/prng.ts'
import type { Asked, Fate } from './flaky-proxy.ts'
import { createFates, openFlakyProxy } from './flaky-proxy.ts'

export interface BadServer extends AsyncDisposable {
  readonly endpoint: string
  /** From now on this share of all calls fails: by 500, 503, a reset, or no answer. */
  fail(share: number): void
  /** From now on no call reaches the server, or all do. */
  setOut(isOut: boolean): void
  /** Breaks off the next uploads of files of the lake; resolves when so many were. */
  cut(count: number): Promise<void>
  readonly failedCount: number
  readonly cutCount: number
}

const OUTAGE: readonly Fate[] = ['reset before', 'reset before', '503 before', 'hang before']
const POLL_MS = 50
const CUT_MS_MAX = 60_000
const LAKE_FILE = /\.parquet(\?|$)/

export async function openBadServer(target: string, prng: Prng): Promise<BadServer> {
  let cutsLeft = 0
  let fateOf = createFates(prng, 0)
  let isOut = false
  const counts = { failed: 0, cut: 0 }
  const choose = (asked: Asked): Fate => {
    if (cutsLeft > 0 && !isOut && asked.method === 'PUT' && LAKE_FILE.test(asked.path)) {
      cutsLeft -= 1
      counts.cut += 1
      return 'reset upload'
    }
    const fate = isOut ? (OUTAGE[prng.nextBelow(OUTAGE.length)] ?? 'reset before') : fateOf(asked)
    if (fate !== 'pass') counts.failed += 1
    return fate
  }
  const proxy = await openFlakyProxy(target, choose)
  return {
    endpoint: proxy.endpoint,
    fail: share => {
      fateOf = createFates(prng, share)
    },
    setOut: is => {
      isOut = is
    },
    cut: async count => {
      cutsLeft += count
      for (let waitedMs = 0; cutsLeft > 0; waitedMs += POLL_MS) {
        if (waitedMs > CUT_MS_MAX) throw new Error('no uploads came to be cut')
        await sleep(POLL_MS)
      }
    },
    get failedCount() {
      return counts.failed
    },
    get cutCount() {
      return counts.cut
    },
    [Symbol.asyncDispose]: () => proxy[Symbol.asyncDispose](),
  }
}
