/** What campaigns of faults have in common: which come, their rounds, and how they fail. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Prng } from '../../src/std/prng.ts'
import type { Fleet } from '../support/fleet.ts'

/** How many faults of each kind a campaign has. */
export type Deck<Kind extends string> = { readonly [kind in Kind]: number }

/** How many faults of a kind there were, and the longest wait after one of them, in seconds. */
export type Waits<Kind extends string> = Map<
  Kind,
  { readonly count: number; readonly longestS: number }
>

export interface Round {
  readonly seed: number
  /** The line that does the same again. */
  readonly rerun: string
  readonly say: (line: string) => void
}

const FAULTS_PER_ROUND = 11
const DEATH_MS_MAX = 90_000

export function countOf(deck: Deck<string>): number {
  return Object.values(deck).reduce((sum, count) => sum + count, 0)
}

/** So many kinds: decks of all, one after the other, each shuffled. */
export function dealKinds<Kind extends string>(
  deck: Deck<Kind>,
  count: number,
  prng: Prng,
): readonly Kind[] {
  const kinds = Object.keys(deck) as Kind[]
  const dealt: Kind[] = []
  while (dealt.length < count) {
    const shuffled = kinds
      .flatMap(kind => Array.from({ length: deck[kind] }, () => ({ kind, at: prng.nextUnit() })))
      .sort((left, right) => left.at - right.at)
    dealt.push(...shuffled.map(({ kind }) => kind))
  }
  return dealt.slice(0, count)
}

export function pick<T>(values: readonly T[], prng: Prng): T {
  if (values.length === 0) throw new Error('there is nothing to pick from')
  return values[prng.nextBelow(values.length)] as T
}

/** Few faults at a time, each round with a seed of its own; says after each how far it is. */
export async function runRounds<Fault>(
  faults: readonly Fault[],
  seed: number,
  run: (round: readonly Fault[], seed: number) => Promise<void>,
  sayDone: (doneCount: number) => void,
): Promise<void> {
  for (let done = 0; done < faults.length; done += FAULTS_PER_ROUND) {
    const round = faults.slice(done, done + FAULTS_PER_ROUND)
    await run(round, seed + done)
    sayDone(done + round.length)
  }
}

export function noteWait<Kind extends string>(
  waits: Waits<Kind>,
  kind: Kind,
  seconds: number,
): void {
  const { count, longestS } = waits.get(kind) ?? { count: 0, longestS: 0 }
  waits.set(kind, { count: count + 1, longestS: Math.max(longestS, seconds) })
}

/** One more worker, which dies at its n-th time at a point; throws where it never does. */
export async function killAtPoint(
  { point, hit }: { readonly point: string; readonly hit: number },
  fleet: Fleet,
  settings: Readonly<Record<string, string>> = {},
): Promise<void> {
  const doomed = fleet.spawnWorker({ ...settings, WEIR_CRASH_AT: `${point}:${hit}` })
  const overdue = sleep(DEATH_MS_MAX, undefined, { ref: false }).then(() => doomed.kill())
  await Promise.race([aborted(doomed.gone), overdue])
  if (doomed.stderr().includes(`killed at ${point}\n`)) return
  throw new Error(`the point ${point} was never reached:\n${doomed.stderr()}`)
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise(resolve => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })
}

export function expectBelow(found: number, most: number, what: string): void {
  if (found <= most) return
  throw new Error(`${Number(found.toFixed(1))} ${what}, and ${most} at most are promised`)
}

/** With all that is needed to do it again and to see what it was. */
export function toLoss(
  cause: unknown,
  { rerun }: Round,
  { done, fleet }: { readonly done: readonly string[]; readonly fleet: Fleet },
): Error {
  const after = `after: ${done.join(', ')}`
  return new Error(`rerun: ${rerun}\n${after}\n${String(cause)}\n${fleet.log()}`, { cause })
}
