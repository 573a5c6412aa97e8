/**
 * The long forms of tests, as `npm run campaign -- kill`, `-- kafka`, `-- lake` and `-- fuzz`. What
 * fails is told with the line that does the same again.
 */
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import process from 'node:process'
import { startKafka } from '../../scripts/kafka/cluster.ts'
import { startS3 } from '../../scripts/s3/server.ts'
import { KIB, MIB } from '../../src/std/units.ts'
import { runFuzzCampaign } from './fuzz.ts'
import { KAFKA_FAULTS, runKafkaCampaign } from './kafka.ts'
import { runKillCampaign } from './kill.ts'
import { LAKE_FAULTS, runLakeCampaign } from './lake.ts'

/** The oldest that docs/guides/batch.md names: EMR's. */
const SPARK_40 = '4.0.5'

const HELP = `Long tests, each made of its seed.

  npm run campaign -- kill [count] [seed]   kills weir count times (300), then asks what is lost
  npm run campaign -- kafka [count] [seed]  kills workers and brokers, so often (${KAFKA_FAULTS})
  npm run campaign -- lake [count] [seed]   faults of archive and S3, so many (${LAKE_FAULTS})
  npm run campaign -- fuzz [cases] [seed]   scanner against JSON.parse, on so many cases (5000000)
  npm run campaign -- spark40 [cases] [seed]
                                            the engines on Spark ${SPARK_40}, on so many lakes (6)

Examples
  npm run campaign -- kill 20
  npm run campaign -- kafka 11 7
  npm run campaign -- fuzz 1000000 7

Without a seed a new one is taken. Exits with 1 where a test fails, and 2 for a wrong word.
`
const KILLS = 300
const CASES = 5_000_000
const LAKES = 6
const SEED_MAX = 1_000_000
/** Cases between two lines of progress, each block of a seed of its own. */
const BLOCK_CASES = 100_000

/** Each gives the exit code, or throws what failed. */
type Campaign = (count: number | null, seed: number) => Promise<number>

const CAMPAIGNS = {
  kill: async (count, seed) => await campaignOfKills(count ?? KILLS, seed),
  kafka: async (count, seed) => await campaignOfFaults(count ?? KAFKA_FAULTS, seed),
  lake: async (count, seed) => await campaignOfLakes(count ?? LAKE_FAULTS, seed),
  fuzz: async (count, seed) => campaignOfCases(count ?? CASES, seed),
  spark40: async (count, seed) => campaignOfEngines(count ?? LAKES, seed),
} as const satisfies { readonly [name: string]: Campaign }

process.exitCode = await main(process.argv.slice(2))

async function main([name, ...numbers]: readonly string[]): Promise<number> {
  if (name === '--help' || name === '-h') {
    process.stdout.write(HELP)
    return 0
  }
  const [count, seed = Date.now() % SEED_MAX] = numbers.map(toWhole)
  if (!isKnown(name) || numbers.length > 2 || Number.isNaN(count) || Number.isNaN(seed)) {
    process.stderr.write(HELP)
    return 2
  }
  try {
    return await CAMPAIGNS[name](count ?? null, seed)
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
    return 1
  }
}

function isKnown(name: string | undefined): name is keyof typeof CAMPAIGNS {
  return name !== undefined && Object.hasOwn(CAMPAIGNS, name)
}

function toWhole(word: string): number {
  return /^\d{1,9}$/.test(word) ? Number(word) : Number.NaN
}

async function campaignOfKills(count: number, seed: number): Promise<number> {
  const { killCount, acknowledgedCount } = await runKillCampaign(count, seed, say)
  say(`${killCount} kills, ${acknowledgedCount} items acknowledged: 0 lost, 0 counted twice`)
  return 0
}

async function campaignOfFaults(count: number, seed: number): Promise<number> {
  say(`seed ${seed}`)
  const { acknowledgedCount, fencedCount, kinds } = await runKafkaCampaign(count, seed, say)
  for (const [kind, { count: ofKind, stallS }] of kinds) {
    say(`${kind}: ${ofKind}, the longest stall ${stallS.toFixed(1)} s`)
  }
  say(`${fencedCount} late commits of frozen workers refused`)
  say(`${count} faults, ${acknowledgedCount} items acknowledged: 0 lost, 0 counted twice`)
  return 0
}

async function campaignOfLakes(count: number, seed: number): Promise<number> {
  say(`seed ${seed}`)
  await using cluster = await startKafka({ mode: 'kraft', brokers: 1 })
  await using server = await startS3()
  const servers = { access: server.access, bootstrap: cluster.bootstrap, say }
  const report = await runLakeCampaign(count, seed, servers)
  for (const [kind, { count: ofKind, lagS }] of report.kinds) {
    say(`${kind}: ${ofKind}, the lake ${lagS.toFixed(1)} s behind at most`)
  }
  say(`${report.failedCalls} calls failed, ${report.cutCount} uploads cut`)
  const scratch = (report.scratchMax / KIB).toFixed(0)
  const resident = (report.residentMax / MIB).toFixed(0)
  say(`a worker took ${scratch} KiB of scratch and ${resident} MiB of memory at most`)
  say(`${count} faults, ${report.lakeCount} rows and rejects in the lake: each of them once`)
  return 0
}

/** The test of the engines itself, with another Spark. */
function campaignOfEngines(count: number, seed: number): number {
  const vitest = join(import.meta.dirname, '..', '..', 'node_modules', 'vitest', 'vitest.mjs')
  const words = [vitest, 'run', 'test/engines.integration.test.ts']
  const env = {
    ...process.env,
    CI: 'true',
    WEIR_TEST_SPARK: SPARK_40,
    WEIR_ENGINE_CASES: String(count),
    WEIR_TEST_SEED: String(seed),
  }
  return spawnSync(process.execPath, words, { env, stdio: 'inherit' }).status ?? 1
}

function campaignOfCases(count: number, seed: number): number {
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
  return 0
}

function say(line: string): void {
  process.stdout.write(`${line}\n`)
}
