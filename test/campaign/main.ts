/**
 * The long forms of tests, by name, as `npm run campaign -- kill`. What fails is told with the line
 * that does the same again.
 */
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import process from 'node:process'
import { inspect } from 'node:util'
import { startKafka } from '../../scripts/kafka/cluster.ts'
import { startS3 } from '../../scripts/s3/server.ts'
import { KIB, MIB } from '../../src/std/units.ts'
import { runCorridorCampaign } from './corridor.ts'
import { runFuzzCampaign } from './fuzz.ts'
import { KAFKA_FAULTS, runKafkaCampaign } from './kafka.ts'
import { runKillCampaign } from './kill.ts'
import { LAKE_FAULTS, runLakeCampaign } from './lake.ts'
import { PAGE_MESSAGES, runPageCampaign, toMib } from './page.ts'

/** The oldest that docs/guides/batch.md names: EMR's. */
const SPARK_40 = '4.0.5'

interface Campaign {
  /** What it is told, and what it does, for the help. */
  readonly usage: string
  readonly does: string
  readonly example: string
  readonly countDefault: number
  readonly run: (count: number, seed: number) => Promise<void>
}

const CAMPAIGNS: Readonly<Record<string, Campaign>> = {
  kill: {
    usage: 'kill [count] [seed]',
    does: 'kills weir so often, then asks what is lost',
    example: 'kill 20',
    countDefault: 300,
    run: campaignOfKills,
  },
  kafka: {
    usage: 'kafka [count] [seed]',
    does: 'kills workers and brokers, so often',
    example: 'kafka 11 7',
    countDefault: KAFKA_FAULTS,
    run: campaignOfFaults,
  },
  corridor: {
    usage: 'corridor [events] [seed]',
    does: 'so many events over brokers, partitions and workers of all kinds',
    example: 'corridor 20000',
    countDefault: 200_000,
    run: (count, seed) => runCorridorCampaign(count, seed, say),
  },
  lake: {
    usage: 'lake [count] [seed]',
    does: 'faults of the archive and of S3, so many',
    example: 'lake 8 5',
    countDefault: LAKE_FAULTS,
    run: campaignOfLakes,
  },
  spark40: {
    usage: 'spark40 [cases] [seed]',
    does: `the engines on Spark ${SPARK_40}, on so many lakes`,
    example: 'spark40 2',
    countDefault: 6,
    run: campaignOfEngines,
  },
  page: {
    usage: 'page [messages]',
    does: 'the page in a browser through so many live messages, eight hours of them',
    example: 'page 20000',
    countDefault: PAGE_MESSAGES,
    run: campaignOfPage,
  },
  fuzz: {
    usage: 'fuzz [cases] [seed]',
    does: 'scanner against JSON.parse, on so many cases',
    example: 'fuzz 1000000 7',
    countDefault: 5_000_000,
    run: campaignOfCases,
  },
}

const SEED_MAX = 1_000_000
/** Cases between two lines of progress, each block of a seed of its own. */
const BLOCK_CASES = 100_000

process.exitCode = await main(process.argv.slice(2))

async function main([name = '', ...numbers]: readonly string[]): Promise<number> {
  if (name === '--help' || name === '-h') {
    say(toHelp())
    return 0
  }
  const [count, seed = Date.now() % SEED_MAX] = numbers.map(toWhole)
  const campaign = CAMPAIGNS[name]
  if (campaign === undefined || numbers.length > 2 || numbers.map(toWhole).some(Number.isNaN)) {
    process.stderr.write(`${toHelp()}\n`)
    return 2
  }
  try {
    await campaign.run(count ?? campaign.countDefault, seed)
    return 0
  } catch (error) {
    process.stderr.write(`${inspect(error)}\n`)
    return 1
  }
}

function toHelp(): string {
  const all = Object.values(CAMPAIGNS)
  const width = Math.max(...all.map(({ usage }) => usage.length))
  const lines = all.map(
    ({ usage, does, countDefault }) =>
      `  npm run campaign -- ${usage.padEnd(width)}  ${does} (${countDefault})`,
  )
  const examples = all.map(({ example }) => `  npm run campaign -- ${example}`)
  return [
    'Long tests, each made of its seed.',
    '',
    ...lines,
    '',
    'Examples',
    ...examples,
    '',
    'Without a seed a new one is taken. Exits with 1 where a test fails, and 2 for a wrong word.',
  ].join('\n')
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
  const { acknowledgedCount, fencedCount, stalls } = await runKafkaCampaign(count, seed, say)
  for (const [kind, { count: ofKind, longestS }] of stalls) {
    say(`${kind}: ${ofKind}, the longest stall ${longestS.toFixed(1)} s`)
  }
  say(`${fencedCount} late commits of frozen workers refused`)
  say(`${count} faults, ${acknowledgedCount} items acknowledged: 0 lost, 0 counted twice`)
}

async function campaignOfLakes(count: number, seed: number): Promise<void> {
  say(`seed ${seed}`)
  await using cluster = await startKafka({ mode: 'kraft', brokers: 1 })
  await using server = await startS3()
  const servers = { access: server.access, bootstrap: cluster.bootstrap, say }
  const report = await runLakeCampaign(count, seed, servers)
  for (const [kind, { count: ofKind, longestS }] of report.lags) {
    say(`${kind}: ${ofKind}, the lake ${longestS.toFixed(1)} s behind at most`)
  }
  say(`${report.failedCalls} calls failed, ${report.cutCount} uploads cut`)
  const scratch = (report.scratchMax / KIB).toFixed(0)
  const resident = (report.residentMax / MIB).toFixed(0)
  say(`a worker took ${scratch} KiB of scratch and ${resident} MiB of memory at most`)
  say(`${count} faults, ${report.lakeCount} rows and rejects in the lake: each of them once`)
}

/** The test of the engines itself, with another Spark. */
async function campaignOfEngines(count: number, seed: number): Promise<void> {
  const vitest = join(import.meta.dirname, '..', '..', 'node_modules', 'vitest', 'vitest.mjs')
  const words = [vitest, 'run', 'test/engines.integration.test.ts']
  const env = {
    ...process.env,
    CI: 'true',
    WEIR_TEST_SPARK: SPARK_40,
    WEIR_ENGINE_CASES: String(count),
    WEIR_TEST_SEED: String(seed),
  }
  const { status } = spawnSync(process.execPath, words, { env, stdio: 'inherit' })
  if (status !== 0) throw new Error(`the engines differ on Spark ${SPARK_40}; see above`)
}

async function campaignOfPage(count: number): Promise<void> {
  const { growthBytes, messagesPerSecond } = await runPageCampaign(count, say)
  say(`${count} messages, ${messagesPerSecond.toFixed(0)} a second: all shown`)
  say(`the heap of the page grew by ${toMib(growthBytes)} MiB`)
}

async function campaignOfCases(count: number, seed: number): Promise<void> {
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
