/**
 * The contract holds against a process that lives: what it says of itself is what it answers, asked
 * by hand and by requests that are made from it.
 */
import process from 'node:process'
import { describe, expect, test } from 'vitest'
import { problemSchema } from '../src/api/contract/answers.ts'
import type { RebuildState, Route } from '../src/api/contract.ts'
import { ROUTES } from '../src/api/contract.ts'
import { listProblems } from '../src/model/problem.ts'
import { createPlace } from './support/place.ts'
import type { WeirProcess } from './support/process.ts'
import { startWeir, waitUntilDigested } from './support/process.ts'
import { resolveSchemathesis, runSchemathesis } from './support/schemathesis/schemathesis.ts'

const EXAMPLES = 15
const seed = Number(process.env['WEIR_TEST_SEED'] ?? 1)
const isCi = process.env['CI'] === 'true'

async function send(weir: WeirProcess, ...events: readonly object[]): Promise<unknown> {
  const headers = { 'Content-Type': 'application/json' }
  const body = JSON.stringify(events)
  const response = await fetch(`${weir.url}/v1/events`, { method: 'POST', headers, body })
  expect(response.status).toBe(200)
  return response.json()
}

function purchase(id: string, orderId: string | null): object {
  return {
    event_id: id,
    event_type: 'purchase',
    user_id: 'u1',
    timestamp: new Date().toISOString(),
    data: { ...(orderId === null ? {} : { order_id: orderId }), total_amount: 5.5 },
  }
}

const view = {
  event_id: 'v1',
  event_type: 'product_view',
  user_id: 'u1',
  timestamp: '2024-09-03T10:25:15Z',
  data: { product_id: 'p1' },
}

describe('a process answers as the contract says', () => {
  test('on every route', async () => {
    await using folder = await createPlace()
    await using weir = await startWeir(folder.directory)
    const collected = await send(weir, purchase('e1', 'o1'), purchase('e2', null), view)
    expect(ROUTES.collect.answers[0]?.schema?.parse(collected)).toEqual(collected)
    await waitUntilDigested(weir.url)
    const { rejects } = await get(weir, '/v1/quarantine')
    const [reject] = rejects ?? []
    const place = `${reject?.topic}/${reject?.partition}/${reject?.offset}`
    const rebuild = await beginRebuild(weir)
    const paths = new Map([
      ['{rebuild}', rebuild],
      ['{name}', 'product_views'],
      ['{event_id}', 'e1'],
      ['{code}', 'not_here'],
      ['{topic}/{partition}/{offset}', place],
    ])
    for (const route of Object.values(ROUTES)) {
      if (route.method !== 'GET') continue
      const path = [...paths].reduce((text, [gap, part]) => text.replace(gap, part), route.path)
      await expectAnswer(`${weir.url}${path}`, route)
    }
  }, 60_000)

  test('and where it refuses, leads to a page that says what that means', async () => {
    await using place = await createPlace()
    await using weir = await startWeir(place.directory)
    for (const path of ['/v1/nope', '/v1/metrics/nope', '/v1/metrics/sales?limit=0']) {
      const response = await fetch(weir.url + path)
      const problem = problemSchema.parse(await response.json())
      const page = await fetch(new URL(problem.type, weir.url))
      expect(page.status).toBe(200)
      const about = listProblems().find(({ code }) => code === problem.code)
      expect(await page.text()).toContain(about?.when)
    }
  }, 60_000)
})

interface Rejects {
  readonly rejects?: readonly { topic: string; partition: number; offset: number }[]
}

async function get(weir: WeirProcess, path: string): Promise<Rejects> {
  return (await (await fetch(weir.url + path)).json()) as Rejects
}

/** Gives its name. */
async function beginRebuild(weir: WeirProcess): Promise<string> {
  const [begun] = ROUTES.rebuild.answers
  const headers = { 'Content-Type': 'application/json' }
  const body = JSON.stringify(ROUTES.rebuild.body?.example)
  const response = await fetch(`${weir.url}/v1/rebuilds`, { method: 'POST', headers, body })
  expect(response.status).toBe(begun?.status)
  const state = begun?.schema?.parse(await response.json()) as RebuildState
  return state.rebuild
}

async function expectAnswer(url: string, route: Route): Promise<void> {
  const left = new AbortController()
  const response = await fetch(url, { signal: left.signal })
  const [answer] = route.answers
  expect({ url, status: response.status }).toEqual({ url, status: answer?.status })
  expect(response.headers.get('content-type')).toBe(answer?.media[0])
  if (answer?.media[0] === 'application/json' && answer.schema !== null) {
    const json: unknown = await response.json()
    expect(answer.schema.parse(json)).toEqual(json)
  }
  left.abort()
}

const found = await resolveSchemathesis()
const why = typeof found === 'string' ? found : null

test.skipIf(why !== null && !isCi)(
  `requests made from the contract find no fault${why === null ? '' : `: ${why}`}`,
  async () => {
    if (typeof found === 'string') throw new Error(found)
    await using place = await createPlace()
    await using weir = await startWeir(place.directory)
    await send(weir, purchase('e1004', 'o1'), purchase('e2', null), view)
    await waitUntilDigested(weir.url)
    const options = { seed, examples: EXAMPLES }
    const { exitCode, output } = await runSchemathesis(found.programs, weir.url, options)
    expect(output).toContain('Fuzzing')
    const again = `WEIR_TEST_SEED=${seed} npm test -- test/contract.integration.test.ts`
    expect(exitCode, `${output}\nagain: ${again}`).toBe(0)
  },
  400_000,
)
