/**
 * The door and what is behind it, as a user runs them: with keys and limits on. The collector is
 * measured next to a plain echo server, in turns; questions, on thirty days of 10,000 products.
 */
import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createWriteStream, existsSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { setTimeout as sleep } from 'node:timers/promises'
import { KEY_RANDOM_BYTES, makeKey } from '../src/access/key.ts'
import { changeKeys } from '../src/access/key-file.ts'
import type { AuditAnswer } from '../src/api/contract.ts'
import type { Scope } from '../src/model/access.ts'
import { LIMIT_DEFAULT } from '../src/model/result.ts'
import { present } from '../src/std/assert.ts'
import { DAY_MS, HOUR_MS } from '../src/std/units.ts'
import type { Asker } from './asker.ts'
import { openAsker } from './asker.ts'
import { cachePath } from './events.ts'
import type { Loaded } from './load.ts'
import { makePlace } from './processes.ts'
import { fixed, heading, median, quantile, say, table, whole } from './report.ts'
import type { Running, Usage } from './weir.ts'
import { runScript, runWeir, startWeir, usageOf } from './weir.ts'

const ROUNDS = 5
/** Loads that are not measured: what a server does for its first requests is compiled meanwhile. */
const WARM_ROUNDS = 3
const SECONDS = '4'
const BATCH_ITEMS = 100
const DAY_COUNT = 30
const PRODUCT_COUNT = 10_000
const FIRST_MS = Date.UTC(2026, 4, 1)
const ASK_COUNT = 500
const WARM_COUNT = 100
const SETTLE_POLL_MS = 100
const SETTLE_MS_MAX = 60_000
/** On, and above what one machine sends. */
const LIMITS = ['--write-rate', '1000000', '--read-rate', '1000000']

/**
 * Goals: single events 0.4 of the echo's rate; in batches ten times as many events; p99 10 ms,
 * asked for the first time.
 */
export async function benchApi(): Promise<void> {
  await benchCollector()
  await benchQuestions()
}

async function benchCollector(): Promise<void> {
  heading('collector: durable requests, keys and limits on, next to a plain echo')
  using place = makePlace()
  const key = addKey(place.path, 'write')
  const reader = addKey(place.path, 'read')
  await using weir = await startWeir(place.path, LIMITS)
  using echo = await startEcho()
  const runs: { [Name in Job]: Loading }[] = []
  // What is left to count of one load would be done during the next.
  const measure = async (server: Server, items: number): Promise<Loading> => {
    await untilCounted(weir, reader)
    return await load(server, key, items)
  }
  for (let round = 0; round < WARM_ROUNDS; round += 1) {
    for (const server of [echo, weir]) await measure(server, 1)
  }
  for (let round = 0; round < ROUNDS; round += 1) {
    runs.push({
      echo: await measure(echo, 1),
      single: await measure(weir, 1),
      batch: await measure(weir, BATCH_ITEMS),
    })
  }
  const rowOf = (name: Job): string[] => {
    const of = (pick: (loading: Loading) => number): number =>
      median(runs.map(run => pick(run[name])))
    const refused = runs.reduce((sum, run) => sum + run[name].refusedCount, 0)
    const rates = [of(run => run.requestsPerSecond), of(run => run.eventsPerSecond)]
    return [name, ...rates.map(whole), whole(of(run => run.cpuMicros)), whole(refused)]
  }
  const head = ['', 'requests/s', 'events/s', 'CPU-us/request', 'refused']
  table(head, [rowOf('echo'), rowOf('single'), rowOf('batch')])
  sayRatio('single to echo, requests', runs, run => {
    return run.single.requestsPerSecond / run.echo.requestsPerSecond
  })
  sayRatio('single to echo, CPU     ', runs, run => run.echo.cpuMicros / run.single.cpuMicros)
  sayRatio('batch to single, events ', runs, run => {
    return run.batch.eventsPerSecond / run.single.eventsPerSecond
  })
}

type Job = 'echo' | 'single' | 'batch'

interface Loading extends Loaded {
  /** Of the server, for one request, whatever else it does meanwhile. */
  readonly cpuMicros: number
}

async function load(server: Server, key: string, items: number): Promise<Loading> {
  const before = server.usage().cpuSeconds
  const words = [server.url, key, String(items), SECONDS]
  const loaded = (await runScript('load.ts', ...words)) as Loaded
  const cpuSeconds = server.usage().cpuSeconds - before
  return { ...loaded, cpuMicros: (cpuSeconds / loaded.answerCount) * 1e6 }
}

/** Until all is digested; throws where that takes too long. */
async function untilCounted({ url }: Running, key: string): Promise<void> {
  for (let waitedMs = 0; waitedMs < SETTLE_MS_MAX; waitedMs += SETTLE_POLL_MS) {
    const answer = await fetch(`${url}/v1/audit`, { headers: { 'X-Api-Key': key } })
    if (!answer.ok) throw new Error(`/v1/audit answered ${answer.status}`)
    const { lag } = (await answer.json()) as AuditAnswer
    if (lag === 0) return
    await sleep(SETTLE_POLL_MS)
  }
  throw new Error(`the log was not digested after ${SETTLE_MS_MAX} ms`)
}

function sayRatio<Run>(what: string, runs: readonly Run[], toRatio: (run: Run) => number): void {
  const ratios = runs.map(toRatio)
  say(`  ${what}  ${median(ratios).toFixed(2)}  (rounds ${fixed(ratios)})`)
}

const THIRTY_DAYS = 'from=2026-05-01&to=2026-05-31&'
const QUESTIONS = [
  'metrics/top_products?',
  'metrics/product_views?from=2026-05-10&to=2026-05-11&',
  'metrics/product_views?last=1&',
  'metrics/unique_users_daily?',
  'metrics/sales_daily?',
  `metrics/product_views?${THIRTY_DAYS}`,
  `metrics/product_views?window=day&measures=views&${THIRTY_DAYS}`,
  'metrics/product_views?key.product_id=p77&',
  `top/product_views?${THIRTY_DAYS}`,
  // No block of days begins or ends with these.
  'top/product_views?from=2026-05-06&to=2026-05-26&',
]
/** Rows of the first question. Others ask for some more, in a round too long to be remembered. */
const LIMIT = 100
/** What a reader gets who names no limit. */
const LONG = { question: 'metrics/product_views?', limit: LIMIT_DEFAULT }
const ROUND = 100

async function benchQuestions(): Promise<void> {
  heading(`questions over ${DAY_COUNT} days of ${whole(PRODUCT_COUNT)} products, one by one`)
  using place = makePlace()
  await runWeir(['import', await viewFile(), '--data', place.path])
  const key = addKey(place.path, 'read')
  await using weir = await startWeir(place.path, LIMITS)
  using asker = await openAsker(weir.url, key)
  const rows: string[][] = []
  const asked = [...QUESTIONS.map(question => ({ question, limit: LIMIT })), LONG]
  for (const { question, limit } of asked) {
    const target = `/v1/${question}limit=`
    const fresh = await askMany(weir, asker, count => `${target}${limit + (count % ROUND)}`)
    const again = await askMany(weir, asker, () => `${target}${limit}`)
    rows.push([`${question.replace(/[?&]/g, ' ').trimEnd()}, ${limit} rows`, ...fresh, ...again])
  }
  const quantiles = ['p50 ms', 'p90 ms', 'p99 ms', 'CPU-ms']
  table(['question', ...quantiles, ...quantiles.map(name => `again: ${name}`)], rows)
}

/** Quantiles of the time that answers take, and the server's CPU for one. */
async function askMany(
  weir: Running,
  asker: Asker,
  toTarget: (count: number) => string,
): Promise<readonly string[]> {
  const takenMs: number[] = []
  const before = weir.usage().cpuSeconds
  for (let count = 0; count < WARM_COUNT + ASK_COUNT; count += 1) {
    const startMs = performance.now()
    await asker.ask(toTarget(count))
    if (count >= WARM_COUNT) takenMs.push(performance.now() - startMs)
  }
  const cpuMs = ((weir.usage().cpuSeconds - before) / (WARM_COUNT + ASK_COUNT)) * 1000
  return [...[0.5, 0.9, 0.99].map(share => quantile(takenMs, share)), cpuMs].map(figure =>
    figure.toFixed(2),
  )
}

/** Every product is viewed once on each day, in one of its hours, by one of 5,000 users. */
async function viewFile(): Promise<string> {
  const path = cachePath(`views-${DAY_COUNT}-${PRODUCT_COUNT}.ndjson`)
  if (existsSync(path)) return path
  const file = createWriteStream(`${path}.new`)
  for (let day = 0; day < DAY_COUNT; day += 1) {
    const lines = Array.from({ length: PRODUCT_COUNT }, (_, product) => toView(day, product))
    if (!file.write(lines.join(''))) await once(file, 'drain')
  }
  file.end()
  await once(file, 'close')
  renameSync(`${path}.new`, path)
  return path
}

function toView(day: number, product: number): string {
  const hour = (product * 7 + day) % 24
  const view = {
    event_id: `${day}-${product}`,
    event_type: 'product_view',
    user_id: `u${(product * 13 + day) % 5_000}`,
    timestamp: toText(FIRST_MS + day * DAY_MS + hour * HOUR_MS),
    data: { product_id: `p${product}` },
  }
  return `${JSON.stringify(view)}\n`
}

function toText(timeMs: number): string {
  return new Date(timeMs).toISOString()
}

function addKey(directory: string, scope: Scope): string {
  const random = randomBytes(KEY_RANDOM_BYTES)
  const wish = { random, name: 'bench', scopes: [scope], createdMs: 0, expiresMs: null }
  const { text, record } = makeKey(wish)
  changeKeys(join(directory, 'keys.json'), keys => [...keys, record])
  return text
}

type Server = Pick<Running, 'url' | 'usage'>

async function startEcho(): Promise<Server & Disposable> {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'echo.ts')], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const [url] = (await once(child.stdout.setEncoding('utf8'), 'data')) as [string]
  const usage = (): Usage => present(usageOf(child.pid), 'the echo')
  return { url: url.trim(), usage, [Symbol.dispose]: () => void child.kill() }
}
