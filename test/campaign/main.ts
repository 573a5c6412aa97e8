/**
 * The long forms of tests, by name, as `npm run campaign -- kill`. What fails is told with the line
 * that does the same again.
 */
import process from 'node:process'
import { inspect } from 'node:util'
import { runCorridorCampaign } from './corridor.ts'
import { runFuzzCampaign } from './fuzz.ts'
import { KAFKA_FAULTS, runKafkaCampaign } from './kafka.ts'
import { runKillCampaign } from './kill.ts'
import { PAGE_MESSAGES, runPageCampaign, toMib } from './page.ts'

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
  const { acknowledgedCount, fencedCount, kinds } = await runKafkaCampaign(count, seed, say)
  for (const [kind, { count: ofKind, stallS }] of kinds) {
    say(`${kind}: ${ofKind}, the longest stall ${stallS.toFixed(1)} s`)
  }
  say(`${fencedCount} late commits of frozen workers refused`)
  say(`${count} faults, ${acknowledgedCount} items acknowledged: 0 lost, 0 counted twice`)
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
