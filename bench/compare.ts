/** Comparing programs that do the same job: round by round, each run a process of its own. */
import { isDeepStrictEqual } from 'node:util'
import type { Measured } from './measure.ts'
import { fixed, heading, median, say, table, whole } from './report.ts'

/** Starts one process, and gives what it tells: a `Measured`. */
export type Run = () => Promise<unknown>

const ROUNDS = 3

/**
 * Runs them in turn, so that what else the machine does meets all alike, and prints how each of
 * the others does next to the first. Throws where they count differently.
 */
export async function compareRuns(title: string, runs: readonly [Run, ...Run[]]): Promise<void> {
  heading(title)
  const measured: Measured[][] = runs.map(() => [])
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const [index, run] of runs.entries()) measured[index]?.push((await run()) as Measured)
  }
  const totals = totalsOf(measured.flat())
  table(
    ['', 'events/CPU-s', 'events/s', 'MB/s', 'CPU-s', 'seconds', 'RSS MiB'],
    measured.map(toRow),
  )
  const [first = [], ...others] = measured
  for (const other of others) {
    const what = `${other[0]?.what} to ${first[0]?.what}`
    sayRatio(`${what}, in CPU-seconds`, first, { other, pick: run => run.cpuSeconds })
    sayRatio(`${what}, in seconds    `, first, { other, pick: run => run.seconds })
  }
  say(`  all count alike: ${totals}`)
}

function totalsOf(all: readonly Measured[]): string {
  const [one] = all
  const odd = all.find(measured => !isDeepStrictEqual(measured.totals, one?.totals))
  const text = JSON.stringify(one?.totals)
  if (odd === undefined) return text
  const both = `${text} and ${JSON.stringify(odd.totals)}`
  throw new Error(`${one?.what} and ${odd.what} count differently: ${both}`)
}

function toRow(runs: readonly Measured[]): readonly string[] {
  const of = (pick: (run: Measured) => number): number => median(runs.map(pick))
  return [
    runs[0]?.what ?? '',
    whole(of(run => run.events / run.cpuSeconds)),
    whole(of(run => run.events / run.seconds)),
    whole(of(run => run.bytes / 1e6 / run.seconds)),
    of(run => run.cpuSeconds).toFixed(2),
    of(run => run.seconds).toFixed(2),
    whole(of(run => run.rssMib)),
  ]
}

function sayRatio(
  what: string,
  first: readonly Measured[],
  of: { readonly other: readonly Measured[]; readonly pick: (run: Measured) => number },
): void {
  const ratios = of.other.map((run, round) => {
    const base = first[round]
    return base === undefined ? Number.NaN : of.pick(base) / of.pick(run)
  })
  say(`  ${what}  ${median(ratios).toFixed(2)}  (pairs ${fixed(ratios)})`)
}
