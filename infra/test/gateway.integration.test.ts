/**
 * The API of a deployment, as far as it can be had without one: the synthesised bundle under AWS's
 * runtime client, over a results place that workers wrote to an S3 server, behind a gateway that
 * does what the synthesised template says. What it answers is what `weir serve` answers.
 */
import { deepStrictEqual } from 'node:assert'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { kafkaMissing, shareKafka } from '../../test/support/broker.ts'
import { launchBrowser, NO_BROWSER } from '../../test/support/browser.ts'
import type { KafkaRiver } from '../../test/support/kafka-corridor.ts'
import { openKafkaRiver, produceFile } from '../../test/support/kafka-corridor.ts'
import type { Place } from '../../test/support/place.ts'
import { createPlace } from '../../test/support/place.ts'
import { readJsonFrom, runWeir, waitUntilDigested } from '../../test/support/process.ts'
import { createBucket, s3Missing, shareS3, toS3Variables } from '../../test/support/s3.ts'
import type { ApiStage } from './support/api-stage.ts'
import { openApiStage, synthesiseApi } from './support/api-stage.ts'
import type { PageHost } from './support/page-host.ts'
import { openPageHost } from './support/page-host.ts'
import { resolveRuntime, runtimeMissing } from './support/runtime.ts'

const missing = s3Missing() ?? kafkaMissing() ?? runtimeMissing()
const isSkipped = missing !== null && process.env['CI'] !== 'true'
const SHOP = 'https://shop.example'
const SAMPLE = join(import.meta.dirname, '../../test/fixtures/ecommerce-sample-data.json')
const PREPARE_MS_MAX = 900_000
const EVENTS = 3_000
/** Of the settings: those of the plan for one route are half of it. */
const RATE = 200
const BURST = 400

describe.skipIf(isSkipped)(isSkipped ? `skipped: ${missing}` : 'the API behind a gateway', () => {
  let place: Place
  let river: KafkaRiver
  let stage: ApiStage
  let host: PageHost
  let serve = ''

  beforeAll(async () => {
    expect(missing, 'what CI lacks').toBeNull()
    const [access] = await Promise.all([shareS3(), resolveRuntime()])
    const bucket = await createBucket(access)
    const variables = toS3Variables(access)
    place = await createPlace()
    const { directory } = place
    river = await openKafkaRiver({
      directory,
      bootstrap: await shareKafka('kraft'),
      partitions: 2,
      workers: 1,
      results: `s3://${bucket}/weir`,
      workerSettings: { ...variables, WEIR_COMMIT_INTERVAL: '1s' },
      serveSettings: variables,
    })
    const synthetic = join(directory, 'synthetic.ndjson')
    await runWeir(['generate', synthetic, '--events', String(EVENTS), '--seed', '7'])
    for (const file of [SAMPLE, synthetic]) await produceFile(river, file, join(directory, 'sent'))
    serve = river.serve.url
    await waitUntilDigested(serve)
    host = await openPageHost()
    const settings = {
      corsOrigins: [SHOP, host.origin],
      throttle: { rate: RATE, burst: BURST },
    }
    const assembly = join(directory, 'assembly')
    const json = await synthesiseApi(assembly, settings, bucket)
    stage = await openApiStage({ directory: assembly, json, environment: variables })
    host.show({ config: { api: stage.gateway.url }, headers: stage.pageHeaders })
  }, PREPARE_MS_MAX)

  afterAll(async () => {
    await stage?.[Symbol.asyncDispose]()
    await host?.[Symbol.asyncDispose]()
    await river?.[Symbol.asyncDispose]()
    await place?.[Symbol.asyncDispose]()
  })

  const ask = (path: string, headers: Record<string, string> = {}): Promise<Response> =>
    fetch(`${stage.gateway.url}${path}`, { headers: { 'X-Api-Key': stage.key, ...headers } })

  /** A page of the shop may read it, whatever it is. */
  const expectReadable = ({ headers }: Response): void => {
    expect(headers.get('access-control-allow-origin')).toBe(SHOP)
    expect(headers.get('access-control-expose-headers')).toContain('ETag')
    expect(headers.get('vary')).toContain('Origin')
  }

  test('answers are those of weir serve over the same place', async () => {
    const { metrics } = (await readJsonFrom(`${serve}/v1/metrics`)) as {
      readonly metrics: readonly { readonly name: string; readonly top: unknown }[]
    }
    expect(metrics.length).toBeGreaterThan(5)
    const paths = [
      '/v1/metrics',
      ...metrics.map(({ name }) => `/v1/metrics/${name}?limit=100000`),
      ...metrics.filter(({ top }) => top !== null).map(({ name }) => `/v1/top/${name}?limit=5`),
      '/v1/metrics/sales_daily?format=csv',
      '/v1/metrics/events_per_minute?window=hour&group=event_type&limit=3',
    ]
    let rowCount = 0
    for (const path of paths) {
      const [own, other] = await Promise.all([ask(path), fetch(`${serve}${path}`)])
      const [text, otherText] = await Promise.all([own.text(), other.text()])
      expect([path, own.status, text]).toEqual([path, other.status, otherText])
      for (const name of ['content-type', 'etag', 'link', 'cache-control']) {
        expect([path, own.headers.get(name)]).toEqual([path, other.headers.get(name)])
      }
      rowCount += text.match(/"window_start"/g)?.length ?? 0
    }
    expect(rowCount).toBeGreaterThan(EVENTS / 10)
  })

  test('the ledger is that of weir serve, without what only the log knows', async () => {
    const own = (await (await ask('/v1/audit')).json()) as Audit
    const other = (await readJsonFrom(`${serve}/v1/audit`)) as Audit
    expect(own).toMatchObject({ balanced: true, lag: null, progress: other.progress })
    expect(own.partitions.length).toBeGreaterThan(0)
    // The log has partitions, too, in which nothing ever was.
    const known = other.partitions.filter(line => own.partitions.some(one => isSame(one, line)))
    deepStrictEqual(own.partitions, known.map(withoutLog))
  })

  test('the Link to the next page holds behind the stage', async () => {
    const first = await ask('/v1/metrics/events_per_minute?limit=2')
    const { next, rows } = (await first.json()) as { next: string; rows: readonly unknown[] }
    expect([rows.length, next]).toEqual([2, expect.any(String)])
    const link = /^<(.+)>; rel="next"$/.exec(first.headers.get('link') ?? '')?.[1] ?? ''
    const second = await fetch(new URL(link, first.url), { headers: { 'X-Api-Key': stage.key } })
    expect(second.status).toBe(200)
    expect(((await second.json()) as { rows: readonly unknown[] }).rows).not.toEqual(rows)
  })

  test('200, and 304 to who has it, and the page of a shop may read it', async () => {
    const first = await ask('/v1/metrics/sales', { Origin: SHOP })
    expect(first.status).toBe(200)
    expectReadable(first)
    const etag = first.headers.get('etag') ?? ''
    const again = await ask('/v1/metrics/sales', { Origin: SHOP, 'If-None-Match': etag })
    expect([again.status, await again.text()]).toEqual([304, ''])
    expectReadable(again)
    expect(again.headers.get('etag')).toBe(etag)
  })

  test.each([
    [400, '/v1/metrics/sales?limit=none', {}, 'query_invalid'],
    [404, '/v1/metrics/nothing', {}, 'metric_unknown'],
    [404, '/v1/nothing', {}, 'not_found'],
    [404, '/v1/quarantine', {}, 'not_found'],
    [403, '/v1/metrics/sales', { 'X-Api-Key': '' }, 'forbidden'],
    [403, '/v1/audit', { 'X-Api-Key': 'guessed' }, 'forbidden'],
  ])('%d to %s with %j', async (status, path, headers, code) => {
    const answer = await ask(path, { Origin: SHOP, ...headers })
    expect(answer.status).toBe(status)
    expect(answer.headers.get('access-control-allow-origin')).toBe(SHOP)
    expect(await answer.json()).toMatchObject({ status, code })
  })

  test('every method that tells counts asks for a key, and no other', async () => {
    const { routes } = stage.template
    const keyed = routes.filter(route => route.needsKey).map(route => route.path)
    const counts = ['/v1/audit', '/v1/metrics', '/v1/metrics/{name}', '/v1/top/{name}']
    expect(keyed.toSorted()).toEqual(counts)
    for (const path of ['/healthz', '/readyz', '/openapi.json']) {
      expect([path, (await ask(path, { 'X-Api-Key': '' })).status]).toEqual([path, 200])
    }
  })

  test('what a browser asks first is answered without a key', async () => {
    const preflight = (origin: string): Promise<Response> =>
      fetch(`${stage.gateway.url}/v1/metrics/sales`, {
        method: 'OPTIONS',
        headers: {
          Origin: origin,
          'Access-Control-Request-Method': 'GET',
          'Access-Control-Request-Headers': 'if-none-match,x-api-key',
        },
      })
    const answer = await preflight(SHOP)
    expect(answer.status).toBe(204)
    expect(answer.headers.get('access-control-allow-origin')).toBe(SHOP)
    const taken = (answer.headers.get('access-control-allow-headers') ?? '').toLowerCase()
    for (const name of ['if-none-match', 'x-api-key']) expect(taken).toContain(name)
    const strange = await preflight('https://evil.example')
    expect(strange.headers.get('access-control-allow-origin')).not.toBe('https://evil.example')
  })

  test('large answers come compressed', async () => {
    const answer = await ask('/v1/metrics/events_per_minute', { 'Accept-Encoding': 'gzip' })
    expect(answer.headers.get('content-encoding')).toBe('gzip')
    expect(((await answer.json()) as { rows: readonly unknown[] }).rows.length).toBeGreaterThan(5)
  })

  test('each call leaves a line that CloudWatch makes metrics of', async () => {
    await ask('/v1/metrics/nothing')
    const lines = stage.runtime.output().split('\n')
    const line = lines.filter(one => one.includes('_aws')).at(-1) ?? ''
    expect(JSON.parse(line.slice(line.indexOf('{')))).toMatchObject({
      Service: 'api',
      Route: 'GET /v1/metrics/{name}',
      Status: 404,
      ClientErrors: 1,
      Cold: false,
    })
  })

  test.skipIf(NO_BROWSER !== null)('the page asks for a key, then shows the counts', async () => {
    await using browser = await launchBrowser()
    const page = await (await browser.newContext({ reducedMotion: 'reduce' })).newPage()
    const errors: string[] = []
    const asked: string[] = []
    page.on('pageerror', error => errors.push(String(error)))
    page.on('console', message => {
      if (message.type() === 'error' && !message.text().includes('403')) errors.push(message.text())
    })
    page.on('request', request => asked.push(`${request.method()} ${request.url()}`))
    const main = async (): Promise<string> =>
      // biome-ignore lint/performance/useDomNodeTextContent: what is seen, with its blanks
      (await page.locator('main').innerText()).replaceAll(/\s+/g, ' ')
    const give = async (key: string): Promise<void> => {
      await page.getByLabel('Key to the API').fill(key)
      await page.getByRole('button', { name: 'Open' }).click()
    }
    await page.goto(`${host.origin}/#/overview`)
    await expect.poll(main).toContain('asks for a key')
    expect(asked.filter(one => one.includes('/v1/'))).toEqual([])
    await give('guessed')
    await expect.poll(main).toContain('is not good here')
    await give(stage.key)
    const [best] = ((await readJsonFrom(`${serve}/v1/top/top_products?limit=1`)) as Top).rows
    const line = `${best?.key['product_id']} ${best?.values['views']}`
    await expect.poll(main, { timeout: 10_000 }).toContain(line)
    await expect.poll(main).toContain('asks every 15 s')
    const rooms = await page.locator('nav a').allTextContents()
    expect(rooms.map(room => /\w+/.exec(room)?.[0])).toEqual(['Overview', 'Explore', 'Ledger'])
    await page.goto(`${host.origin}/#/ledger`)
    await expect.poll(main).toContain('Balanced')
    await page.goto(`${host.origin}/#/quarantine`)
    await expect.poll(main).toContain('Quarantine is not here')
    expect(asked.filter(one => /v1\/(live|tail|quarantine)/.test(one))).toEqual([])
    expect(errors).toEqual([])
  })

  test('how long calls take', { timeout: 60_000 }, async () => {
    const times: number[] = []
    for (let count = 0; count < 300; count += 1) {
      const startedMs = performance.now()
      const answer = await stage.runtime.invoke(toEvent('/v1/metrics/{name}', 'sales_daily'))
      times.push(performance.now() - startedMs)
      expect(answer).toMatchObject({ statusCode: 200 })
    }
    const cold: [number, number][] = []
    for (let count = 0; count < 3; count += 1) {
      await using container = await stage.startCold()
      const startedMs = performance.now()
      await container.invoke(toEvent('/v1/metrics/{name}', 'sales_daily'))
      cold.push([container.initMs, performance.now() - startedMs])
    }
    const text = (ms: number | undefined): string => `${(ms ?? 0).toFixed(1)} ms`
    const sorted = times.toSorted((a, b) => a - b)
    const [init, first] = cold.toSorted((a, b) => a[0] - b[0])[1] ?? []
    process.stdout.write(
      `api function: p50 ${text(sorted[150])}, p99 ${text(sorted[297])}, ` +
        `cold: init ${text(init)}, first answer ${text(first)}\n`,
    )
  })

  test('whoever asks too much is told so, and pages may read that too', async () => {
    const answers = await Promise.all(
      Array.from({ length: BURST }, () => ask('/v1/metrics/sales', { Origin: SHOP })),
    )
    const refused = answers.filter(answer => answer.status === 429)
    expect(refused.length).toBeGreaterThan(0)
    expect(refused.length).toBeLessThan(answers.length)
    for (const answer of refused) {
      expectReadable(answer)
      expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0)
      expect(await answer.json()).toMatchObject({ status: 429, code: 'rate_limited' })
    }
  })
})

interface Top {
  readonly rows: readonly {
    readonly key: Readonly<Record<string, string>>
    readonly values: Readonly<Record<string, number>>
  }[]
}

interface AuditLine {
  readonly topic: string
  readonly partition: number
}

interface Audit {
  readonly progress: string
  readonly partitions: readonly AuditLine[]
}

function isSame(one: AuditLine, other: AuditLine): boolean {
  return one.topic === other.topic && one.partition === other.partition
}

function withoutLog(line: AuditLine): object {
  const unknown = { offset_end: null, lag: null, lag_seconds: null, retention_hours: null }
  return { ...line, ...unknown, repaired: null }
}

function toEvent(resource: string, name: string): object {
  return {
    resource,
    path: resource.replace('{name}', name),
    httpMethod: 'GET',
    multiValueHeaders: null,
    multiValueQueryStringParameters: null,
    body: null,
    isBase64Encoded: false,
    requestContext: { requestId: 'r1' },
  }
}
