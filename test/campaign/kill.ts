/**
 * Kills the process again and again, at random moments and at named points, under load, on one data
 * directory; then asks whether anything was lost or counted twice. A round is made of its seed.
 */
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { createPrng } from '../../src/std/prng.ts'
import { assertNothingLost } from '../support/against-oracle.ts'
import { assertLakeIsExact, waitUntilArchived } from '../support/lake-check.ts'
import { createPlace } from '../support/place.ts'
import type { WeirChild } from '../support/process.ts'
import { spawnWeir, startWeir } from '../support/process.ts'
import type { Visitors } from '../support/visitors.ts'
import { createVisitors } from '../support/visitors.ts'

/** Where the process can be made to kill itself. */
export const CRASH_POINTS = [
  'append.before',
  'append.after',
  'fsync.before',
  'fsync.after',
  'roll.before',
  'roll.after',
  'commit.before',
  'commit.after',
  'compaction.before',
  'compaction.after',
  'intent.after',
  'upload.before',
  'upload.after',
  'archive.before',
  'archive.after',
] as const

export type Kill =
  /** So long after its process began: while it recovers from the kill before. */
  | { readonly kind: 'start'; readonly afterMs: number }
  /** So long after it is ready. */
  | { readonly kind: 'moment'; readonly afterMs: number }
  /** At the n-th time that it comes by there, counted from its start. */
  | { readonly kind: 'point'; readonly point: (typeof CRASH_POINTS)[number]; readonly hit: number }

export interface CampaignReport {
  readonly killCount: number
  /** Items acknowledged, all of which were found. */
  readonly acknowledgedCount: number
}

/** Small enough that segments roll, the store compacts and ranges are cut many times a second. */
const SETTINGS = {
  WEIR_SEGMENT_BYTES: '16KiB',
  WEIR_COMPACT_AFTER_ROWS: '300',
  WEIR_ARCHIVE_BYTES: '16KiB',
  WEIR_ARCHIVE_INTERVAL: '150ms',
}
const KILLS_PER_ROUND = 10
const START_MS_MAX = 1_000
const MOMENT_MS_MAX = 1_200
const POINT_MS_MAX = 20_000

/**
 * Kills `count` times, in rounds of ten; throws at the first loss, with the line that reruns it.
 */
export async function runKillCampaign(
  count: number,
  seed: number,
  say: (line: string) => void,
): Promise<CampaignReport> {
  let acknowledgedCount = 0
  for (let killed = 0; killed < count; killed += KILLS_PER_ROUND) {
    const roundSeed = seed + killed / KILLS_PER_ROUND
    const size = Math.min(KILLS_PER_ROUND, count - killed)
    const rerun = `npm run campaign -- kill ${size} ${roundSeed}`
    acknowledgedCount += await runKillRound(planKills(size, roundSeed), roundSeed, rerun)
    say(`${killed + size} of ${count} kills; ${acknowledgedCount} items acknowledged, none lost`)
  }
  return { killCount: count, acknowledgedCount }
}

/** One in ten while it starts, four at random moments under load, five at points. */
export function planKills(count: number, seed: number): readonly Kill[] {
  const prng = createPrng(seed)
  return Array.from({ length: count }, (): Kill => {
    if (prng.nextChance(0.1)) return { kind: 'start', afterMs: prng.nextBelow(START_MS_MAX) }
    if (prng.nextChance(4 / 9)) return { kind: 'moment', afterMs: prng.nextBelow(MOMENT_MS_MAX) }
    const point = CRASH_POINTS[prng.nextBelow(CRASH_POINTS.length)] ?? 'commit.before'
    const isRare = point.startsWith('roll') || point.startsWith('compaction')
    return { kind: 'point', point, hit: 1 + prng.nextBelow(isRare ? 2 : 12) }
  })
}

/** Gives how many items were acknowledged. `rerun` is the line that does the same again. */
export async function runKillRound(
  kills: readonly Kill[],
  seed: number,
  rerun: string,
): Promise<number> {
  await using place = await createPlace()
  const visitors = createVisitors(seed)
  const done: Kill[] = []
  try {
    for (const kill of kills) {
      done.push(kill)
      await killUnderLoad(kill, place.directory, visitors)
    }
    await using survivor = await startWeir(place.directory, SETTINGS)
    const { acknowledged } = visitors
    const { directory } = place
    await assertNothingLost({ url: survivor.url, directory, acknowledged })
    const archived = await waitUntilArchived(survivor.url)
    const places = { log: join(directory, 'log'), lake: join(directory, 'lake') }
    await assertLakeIsExact(archived, places)
    return acknowledged.size
  } catch (cause) {
    const history = done.map(toText).join(', ')
    throw new Error(`rerun: ${rerun}\nafter: ${history}\n${String(cause)}`, { cause })
  }
}

async function killUnderLoad(kill: Kill, directory: string, visitors: Visitors): Promise<void> {
  const crash = kill.kind === 'point' ? { WEIR_CRASH_AT: `${kill.point}:${kill.hit}` } : {}
  await using weir = spawnWeir(directory, { ...SETTINGS, ...crash })
  if (kill.kind === 'start') {
    await sleep(kill.afterMs)
  } else {
    // A point may be passed while it starts: what was appended before is digested then.
    const url = await weir.ready
    if (url === null && kill.kind === 'moment') throw new Error('weir was never ready')
    const patienceMs = kill.kind === 'moment' ? kill.afterMs : POINT_MS_MAX
    if (url !== null) await visitFor(patienceMs, { url, weir, visitors })
  }
  await weir.kill()
  assertNoOtherEnd(weir, kill)
}

interface Visit {
  readonly url: string
  readonly weir: WeirChild
  readonly visitors: Visitors
}

/** Visits until the time is over, or the process gone, and kills it in the middle of the visit. */
async function visitFor(patienceMs: number, { url, weir, visitors }: Visit): Promise<void> {
  const visit = visitors.visit(url, weir.gone)
  await Promise.race([visit, sleep(patienceMs, undefined, { ref: false })])
  await weir.kill()
  await visit
}

/** It ended by SIGKILL: by ours, or by its own at the point, as it says with its last word. */
function assertNoOtherEnd(weir: WeirChild, kill: Kill): void {
  const { how, stderr } = weir.ending() ?? { how: 'alive', stderr: '' }
  if (how !== 'SIGKILL') throw new Error(`weir ended by itself, ${how}:\n${stderr}`)
  if (kill.kind !== 'point' || stderr.endsWith(`killed at ${kill.point}\n`)) return
  throw new Error(`the point was never reached:\n${stderr}`)
}

function toText(kill: Kill): string {
  if (kill.kind === 'point') return `${kill.point}:${kill.hit}`
  return kill.kind === 'start' ? `${kill.afterMs} ms of starting` : `${kill.afterMs} ms`
}
