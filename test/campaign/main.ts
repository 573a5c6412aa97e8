/**
 * The long forms of tests, as `npm run campaign -- kill`, `-- kafka` and `-- fuzz`. What fails is
 * told with the line that does the same again.
 */
import process from 'node:process'
import { runFuzzCampaign } from './fuzz.ts'
import { KAFKA_FAULTS, runKafkaCampaign } from './kafka.ts'
import { runKillCampaign } from './kill.ts'

const HELP = `Long tests, each made of its seed.

  npm run campaign -- kill [count] [seed]   kills weir count times (300), then asks what is lost
  npm run campaign -- kafka [count] [seed]  kills workers and brokers, so often (${KAFKA_FAULTS})
  npm run campaign -- fuzz [cases] [seed]   scanner against JSON.parse, on so many cases (5000000)

Examples
  npm run campaign -- kill 20
  npm run campaign -- kafka 11 7
  npm run campaign -- fuzz 1000000 7

Without a seed a new one is taken. Exits with 1 where a test fails, and 2 for a wrong word.
`
const KILLS = 300
const CASES = 5_000_000
const SEED_MAX = 1_000_000
/** Cases between two lines of progress, each block of a seed of its own. */
const BLOCK_CASES = 100_000

process.exitCode = await main(process.argv.slice(2))

async function main([name, ...numbers]: readonly string[]): Promise<number> {
  if (name === '--help' || name === '-h') {
    process.stdout.write(HELP)
    return 0
  }
  const [count, seed = Date.now() % SEED_MAX] = numbers.map(toWhole)
  const isKnown = name === 'kill' || name === 'kafka' || name === 'fuzz'
  if (!isKnown || numbers.length > 2 || Number.isNaN(count) || Number.isNaN(seed)) {
    process.stderr.write(HELP)
    return 2
  }
  try {
    if (name === 'kill') await campaignOfKills(count ?? KILLS, seed)
    else if (name === 'kafka') await campaignOfFaults(count ?? KAFKA_FAULTS, seed)
    else campaignOfCases(count ?? CASES, seed)
    return 0
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
    return 1
  }
}

function toWhole(word: string): number {
  return /^\d{1,9}$/.test(word) ? Number(word) : Number.NaN
}

async function campaignOfKills(count: number, seed: number): Promise<void> {
  const { killCount, acknowledgedCount } = await runKillCampaign(count, seed, say)
  say(`${killCount} kills, ${acknowledgedCount} items acknowledged: 0 lost, 0 counted twice`)
}

async function campaignOfFaults(count: number, seed: number): Promise<void> {
  say(`seed ${seed}`)
  const { acknowledgedCount, fencedCount, kinds } = await runKafkaCampaign(count, seed, say)
  for (const [kind, { count: ofKind, stallS }] of kinds) {
    say(`${kind}: ${ofKind}, the longest stall ${stallS.toFixed(1)} s`)
  }
  say(`${fencedCount} late commits of frozen workers refused`)
  say(`${count} faults, ${acknowledgedCount} items acknowledged: 0 lost, 0 counted twice`)
}

function campaignOfCases(count: number, seed: number): void {
  let [done, valid, slow] = [0, 0, 0]
  for (let blockSeed = seed; done < count; blockSeed += 1) {
    const size = Math.min(BLOCK_CASES, count - done)
    try {
      const { validCount, slowCount } = runFuzzCampaign(size, blockSeed)
      valid += validCount
      slow += slowCount
    } catch (cause) {
      throw new Error(`rerun: npm run campaign -- fuzz ${size} ${blockSeed}\n${String(cause)}`, {
        cause,
      })
    }
    done += size
    say(`${done} of ${count} cases equal; ${valid} valid, ${slow} by the slow path`)
  }
}

function say(line: string): void {
  process.stdout.write(`${line}\n`)
}
