/**
 * A broker that is not there, at the start or for a while, is waited for: the door says 503 and
 * when to come again, answers go on, and one line tells when it begins and one when it is over.
 * What would make counting wrong ends a process instead, with a line that says how to go on.
 */
import { join } from 'node:path'
import { Admin } from '@platformatic/kafka'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { KafkaBroker, KafkaCluster } from '../scripts/kafka/cluster.ts'
import { startKafka } from '../scripts/kafka/cluster.ts'
import type { AuditAnswer } from '../src/api/contract.ts'
import { createPrefix, kafkaMissing } from './support/broker.ts'
import type { Place } from './support/place.ts'
import { createPlace } from './support/place.ts'
import type { Settings, WeirChild } from './support/process.ts'
import {
  readJsonFrom,
  spawnCommand,
  spawnWeir,
  waitUntilDigested,
  whenReady,
} from './support/process.ts'

const missing = kafkaMissing()
const isSkipped = missing !== null && process.env['CI'] !== 'true'
const START_MS_MAX = 300_000
const MINUTE_MS = 60_000
const POLL = { timeout: 45_000, interval: 100 }
const PARTITIONS = 4
/** Far less than a broker is waited for. */
const HUNG_MS_MAX = 5_000
const WAITS = /(waits|with 503|not known)/
const AGAIN = / again$/

/** One deployment of each form, on topics of their own. */
interface Deployment extends AsyncDisposable {
  readonly prefix: { readonly start: string; readonly apart: string }
  start(): WeirChild
  collect(): WeirChild
  digest(): WeirChild
  serve(): WeirChild
}

async function openDeployment(bootstrap: string): Promise<Deployment> {
  const stack = new AsyncDisposableStack()
  const place: Place = stack.use(await createPlace())
  const prefix = { start: createPrefix(), apart: createPrefix() }
  const apart = (command: string): WeirChild => {
    const settings: Settings = {
      WEIR_KAFKA: bootstrap,
      WEIR_KAFKA_GROUP: prefix.apart,
      WEIR_KAFKA_SESSION: '3s',
      WEIR_TOPIC_PREFIX: prefix.apart,
      WEIR_RESULTS: join(place.directory, 'results'),
      WEIR_DATA: join(place.directory, command),
      WEIR_PORT: '0',
    }
    return stack.use(spawnCommand([command], settings))
  }
  const together = { WEIR_KAFKA: bootstrap, WEIR_TOPIC_PREFIX: prefix.start }
  return {
    prefix,
    start: () => stack.use(spawnWeir(join(place.directory, 'start'), together)),
    collect: () => apart('collect'),
    digest: () => apart('digest'),
    serve: () => apart('serve'),
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  }
}

let eventCount = 0

/** Sends one event; gives the status, and what it says of when to come again. */
async function send(url: string): Promise<{ status: number; retryAfter: string | null }> {
  eventCount += 1
  const event = {
    event_id: `e${eventCount}`,
    event_type: 'page_view',
    user_id: `u${eventCount}`,
    timestamp: '2024-09-03T10:25:15Z',
    data: {},
  }
  const headers = { 'content-type': 'application/json' }
  const body = JSON.stringify(event)
  const answer = await fetch(`${url}/v1/events`, { method: 'POST', headers, body })
  await answer.body?.cancel()
  return { status: answer.status, retryAfter: answer.headers.get('retry-after') }
}

/** Gives the first refusal: a broker that is told to stop goes on for a moment. */
async function sendUntilRefused(url: string): ReturnType<typeof send> {
  for (;;) {
    const answer = await send(url)
    if (answer.status !== 200) return answer
  }
}

async function sendUntilStored(url: string): Promise<void> {
  await expect.poll(async () => (await send(url)).status, POLL).toBe(200)
}

/** The lines about outages, as what they are. */
function outagesOf(child: WeirChild): readonly string[] {
  return child
    .stderr()
    .split('\n')
    .filter(line => WAITS.test(line) || AGAIN.test(line))
    .map(line => (AGAIN.test(line) ? 'again' : 'waits'))
}

/** Ends by itself with exit 1; gives its last line. */
async function lastWords(child: WeirChild): Promise<string> {
  await expect.poll(() => child.ending()?.how, POLL).toBe('exit 1')
  return child.stderr().trimEnd().split('\n').at(-1) ?? ''
}

describe.skipIf(isSkipped)(isSkipped ? `skipped: ${missing}` : 'a broker', () => {
  let cluster: KafkaCluster | null = null
  beforeAll(async () => {
    expect(missing, 'what CI lacks').toBeNull()
    cluster = await startKafka({ mode: 'kraft', brokers: 1 })
  }, START_MS_MAX)
  afterAll(() => cluster?.stop())

  const given = (): { bootstrap: string; broker: KafkaBroker } => {
    const [broker] = cluster?.brokers ?? []
    if (cluster === null || broker === undefined) throw new Error('there is a broker')
    return { bootstrap: cluster.bootstrap, broker }
  }

  test('that is away is waited for, by everybody', { timeout: 3 * MINUTE_MS }, async () => {
    const { bootstrap, broker } = given()
    await broker.kill()
    await using weir = await openDeployment(bootstrap)
    const children = [weir.start(), weir.collect(), weir.serve(), weir.digest()] as const
    const [start, collect, serve] = await Promise.all(children.slice(0, 3).map(whenReady))
    if (start === undefined || collect === undefined || serve === undefined) throw new Error()
    const doors = [start.url, collect.url]
    const expectRefused = async (): Promise<void> => {
      for (const url of doors) expect(await send(url)).toEqual({ status: 503, retryAfter: '2' })
      for (const url of [start.url, serve.url]) {
        expect(await readJsonFrom(`${url}/v1/metrics/sales_daily`)).toMatchObject({ rows: [] })
        // The ledger tells what was counted; what more there is, nobody knows now.
        const audit = (await readJsonFrom(`${url}/v1/audit`)) as AuditAnswer
        expect(audit).toMatchObject({ balanced: true, lag: null })
        expect(audit.partitions.every(line => line.offset_end === null)).toBe(true)
        const scraped = await (await fetch(`${url}/metrics`)).text()
        expect(scraped).toContain('weir_ledger_balanced 1')
      }
    }
    await expectRefused()
    await broker.restart()
    for (const url of doors) await sendUntilStored(url)
    expect(await children[3].ready).not.toBeNull()
    for (const child of children) await expect.poll(() => outagesOf(child), POLL).toHaveLength(2)

    await broker.kill()
    await expectRefused()
    await broker.restart()
    for (const url of doors) await sendUntilStored(url)
    for (const url of [start.url, serve.url]) {
      const counted = async (): Promise<number> =>
        (await waitUntilDigested(url)).partitions.reduce((sum, line) => sum + line.accepted, 0)
      await expect.poll(counted, POLL).toBe(2)
    }
    const twice = ['waits', 'again', 'waits', 'again']
    for (const child of [children[0], children[1], children[3]]) {
      await expect.poll(() => outagesOf(child), POLL).toEqual(twice)
    }
    for (const child of children) expect((await child.stop('SIGTERM')).how).toBe('exit 0')
  })

  test('that hangs is lost, until it goes on', { timeout: 3 * MINUTE_MS }, async () => {
    const { bootstrap, broker } = given()
    await using weir = await openDeployment(bootstrap)
    const start = await whenReady(weir.start())
    await sendUntilStored(start.url)
    // The first waits for an answer that may still come; those behind it need not.
    await broker.kill('SIGSTOP')
    try {
      expect(await sendUntilRefused(start.url)).toEqual({ status: 503, retryAfter: '2' })
      const askedAtMs = performance.now()
      expect(await send(start.url)).toEqual({ status: 503, retryAfter: '2' })
      expect(performance.now() - askedAtMs).toBeLessThan(HUNG_MS_MAX)
    } finally {
      await broker.kill('SIGCONT')
    }
    await sendUntilStored(start.url)
    const { partitions } = await waitUntilDigested(start.url)
    const count = partitions.reduce((sum, { accepted, duplicate }) => sum + accepted + duplicate, 0)
    // What was refused may have been written all the same: the client sends it again.
    expect(count).toBeGreaterThanOrEqual(2)
  })

  test('whose topic is deleted ends who counts it', { timeout: 3 * MINUTE_MS }, async () => {
    const { bootstrap } = given()
    await using weir = await openDeployment(bootstrap)
    const children = [weir.start(), weir.collect(), weir.digest()] as const
    const [start, collect] = await Promise.all(children.map(whenReady))
    if (start === undefined || collect === undefined) throw new Error()
    for (const url of [start.url, collect.url]) await sendUntilStored(url)
    await using admin = openAdmin(bootstrap)
    const topics = Object.values(weir.prefix).map(prefix => `${prefix}page_view`)
    await admin.client.deleteTopics({ topics })
    // Appended to a topic that is gone, it waits for one: that must not hold up the end.
    const waiting = send(collect.url)
    for (const child of [children[0], children[2]]) {
      expect(await lastWords(child)).toMatch(
        /^weir: topic t\S+page_view does not exist or was deleted; .* \[TOPIC_MISMATCH\]$/,
      )
    }
    expect((await collect.stop('SIGTERM')).how).toBe('exit 0')
    expect((await waiting).status).toBe(503)
  })

  test('that deleted what was not read ends who would', { timeout: 3 * MINUTE_MS }, async () => {
    const { bootstrap } = given()
    await using weir = await openDeployment(bootstrap)
    const [collect, digest] = await Promise.all([weir.collect(), weir.digest()].map(whenReady))
    if (collect === undefined || digest === undefined) throw new Error()
    const sendMany = async (): Promise<void> => {
      for (let count = 0; count < 40; count += 1) await sendUntilStored(collect.url)
    }
    await sendMany()
    // What is not committed yet would be read again from the beginning, which is not deleted.
    await using serve = await whenReady(weir.serve())
    await waitUntilDigested(serve.url)
    expect((await digest.stop('SIGTERM')).how).toBe('exit 0')
    await sendMany()
    await using admin = openAdmin(bootstrap)
    const partitions = Array.from({ length: PARTITIONS }, (_, partition) => {
      return { partition, offset: -1n }
    })
    const topics = [{ name: `${weir.prefix.apart}page_view`, partitions }]
    await admin.client.deleteRecords({ topics })
    expect(await lastWords(weir.digest())).toMatch(
      /^weir: topic \S+, partition \d no longer has offset \d+ .* begin with an empty .*RANGE\]$/,
    )
  })
})

function openAdmin(bootstrap: string): { readonly client: Admin } & AsyncDisposable {
  const client = new Admin({ clientId: 'weir-test', bootstrapBrokers: bootstrap.split(',') })
  return { client, [Symbol.asyncDispose]: () => client.close() }
}
