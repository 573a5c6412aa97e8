import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import type { GatewayAnswer } from '../../../src/api/lambda/event.ts'
import type { Call } from '../../../src/api/lambda/gateway.ts'
import { createSystemClock } from '../../../src/std/clock.ts'
import { isFault } from '../../../src/std/fault.ts'
import { toCallLine } from './call-line.ts'
import { openApi } from './open.ts'

const RESULTS = { WEIR_RESULTS: 's3://shop-results/weir' }

async function ask(
  environment: { readonly [name: string]: string },
  change: object = {},
  directory = import.meta.dirname,
): Promise<GatewayAnswer & { readonly calls: readonly Call[] }> {
  const calls: Call[] = []
  const handler = await openApi({
    environment,
    directory,
    version: '0.1.0',
    clock: createSystemClock(),
    served: call => calls.push(call),
    report: () => {},
  })
  const answer = await handler({
    resource: '/v1/metrics',
    path: '/v1/metrics',
    httpMethod: 'GET',
    multiValueHeaders: { Origin: ['https://b.example'] },
    multiValueQueryStringParameters: null,
    body: null,
    isBase64Encoded: false,
    requestContext: { requestId: 'r1' },
    ...change,
  })
  return { ...answer, calls }
}

test('variables of the product name zone and metrics, without a look at the place', async () => {
  const { statusCode, body, calls } = await ask({ ...RESULTS, WEIR_ZONE: 'Europe/Berlin' })
  expect(statusCode).toBe(200)
  const { metrics } = JSON.parse(body) as { metrics: readonly { zone: string }[] }
  expect(metrics.map(metric => metric.zone)).toContain('Europe/Berlin')
  expect(calls).toEqual([{ requestId: 'r1', route: 'GET /v1/metrics', status: 200 }])
})

test("the shop's config lies beside the bundle", async () => {
  const directory = await mkdtemp(join(tmpdir(), 'weir-bundle-'))
  onTestFinished(() => rm(directory, { recursive: true }))
  const config = "export default { zone: 'Asia/Kolkata' }"
  await writeFile(join(directory, 'weir.config.mjs'), config)
  const { body } = await ask(RESULTS, {}, directory)
  expect(body).toContain('Asia/Kolkata')
})

test.each([
  ['https://a.example, https://b.example', 'https://b.example'],
  ['https://a.example', undefined],
  ['', undefined],
])('with WEIR_CORS %j a page may read: %s', async (origins, allowed) => {
  const { multiValueHeaders } = await ask({ ...RESULTS, WEIR_CORS: origins })
  expect(multiValueHeaders['access-control-allow-origin']?.[0]).toBe(allowed)
})

test.each([
  [{}, 'WEIR_RESULTS'],
  [{ WEIR_RESULTS: '/mnt/weir' }, 'WEIR_RESULTS'],
  [{ ...RESULTS, WEIR_ZONE: 'Nowhere' }, 'Nowhere'],
  [{ ...RESULTS, WEIR_TYPO: '1' }, 'WEIR_TYPO'],
])('of %j it says what is wrong', async (environment, name) => {
  const error: unknown = await ask(environment).catch((one: unknown) => one)
  expect(isFault(error, 'CONFIG_INVALID')).toBe(true)
  expect(String(error)).toContain(name)
})

test.each([
  [200, { ClientErrors: 0, ServerErrors: 0 }],
  [304, { ClientErrors: 0, ServerErrors: 0 }],
  [429, { ClientErrors: 1, ServerErrors: 0 }],
  [503, { ClientErrors: 0, ServerErrors: 1 }],
])('the line of a call with status %d counts it', (status, counts) => {
  const call = { requestId: 'r1', route: 'GET /v1/audit', status }
  const line = JSON.parse(toCallLine({ ...call, atMs: 5, durationMs: 1.236, isCold: true }))
  expect(line).toMatchObject({ Latency: 1.24, Requests: 1, Service: 'api', ...counts })
  const { Metrics } = line._aws.CloudWatchMetrics[0]
  // Each metric is a number of the line itself: else CloudWatch drops it in silence.
  for (const { Name } of Metrics) expect(line[Name]).toBeTypeOf('number')
})
