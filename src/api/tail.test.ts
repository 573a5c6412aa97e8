import { expect, test } from 'vitest'
import { Fault } from '../std/fault.ts'
import { createSources, TAILED } from './api.fixture.ts'
import type { ApiSources } from './api.ts'
import { createApi } from './api.ts'
import { tailLineSchema } from './contract/answers.ts'
import { TAILS_MAX } from './tail.ts'

type Tail = NonNullable<ApiSources['tail']>

async function* nothing(): AsyncGenerator<never> {}

/** A tail that gives a line when it is asked to, and notes who leaves. */
function openEndlessTail(): { readonly tail: Tail; readonly left: number[]; begun: number } {
  const stage = { left: [] as number[], begun: 0, tail: (() => undefined) as unknown as Tail }
  stage.tail = async function* (back, signal) {
    const number = stage.begun
    stage.begun += 1
    signal.addEventListener('abort', () => stage.left.push(number))
    while (!signal.aborted) yield [{ ...TAILED, offset: back }]
  }
  return stage
}

test('lines are lists of records, until the log ends', async () => {
  const asked: number[] = []
  const { sources } = createSources()
  const tail: Tail = (back, signal) => {
    asked.push(back)
    return sources.tail?.(back, signal) ?? nothing()
  }
  const response = await createApi({ ...sources, tail }).request('/v1/tail?back=7')
  expect(response.headers.get('content-type')).toBe('application/x-ndjson')
  const lines = (await response.text()).split('\n')
  expect(lines.pop()).toBe('')
  expect(lines.map(line => tailLineSchema.parse(JSON.parse(line)))).toEqual([[TAILED], []])
  expect(asked).toEqual([7])
})

test('nothing is read ahead of the client, and its leaving ends the tail', async () => {
  const stage = openEndlessTail()
  const response = await createApi({ ...createSources().sources, tail: stage.tail }).request(
    '/v1/tail?back=3',
  )
  const reader = response.body?.getReader()
  expect(stage.begun).toBe(0)
  const { value } = (await reader?.read()) ?? {}
  expect(JSON.parse(Buffer.from(value ?? []).toString())).toEqual([{ ...TAILED, offset: 3 }])
  await reader?.cancel()
  expect(stage.left).toEqual([0])
})

test('more than so many are told to come again; one that leaves makes room', async () => {
  const stage = openEndlessTail()
  const api = createApi({ ...createSources().sources, tail: stage.tail })
  const open = async (): Promise<Response> => await api.request('/v1/tail')
  for (let count = 0; count < 20; count += 1) {
    await api.request('/v1/tail', { method: 'HEAD' })
  }
  const tails = await Promise.all(Array.from({ length: TAILS_MAX }, open))
  expect(tails.map(response => response.status)).toEqual(Array(TAILS_MAX).fill(200))
  const refused = await open()
  expect(refused.status).toBe(503)
  expect(await refused.json()).toMatchObject({ code: 'busy' })
  await tails[4]?.body?.cancel()
  await tails[4]?.body?.cancel()
  expect((await open()).status).toBe(200)
  expect((await open()).status).toBe(503)
})

test.each(['back=-1', 'back=1001', 'back=x', 'forward=1'])('%s is refused', async query => {
  const response = await createApi(createSources().sources).request(`/v1/tail?${query}`)
  expect(response.status).toBe(400)
})

test('a log that fails ends the answer, and makes room', async () => {
  const errors: unknown[] = [
    new Fault('LOG_CORRUPT', 'a batch is broken'),
    new Error('a bug'),
    AbortSignal.abort().reason,
  ]
  const { sources, reported } = createSources({
    tail: async function* () {
      if (errors.length > 0) throw errors.shift()
      yield []
    },
  })
  const api = createApi(sources)
  const read = async (): Promise<string> => (await api.request('/v1/tail')).text()
  await expect(read()).rejects.toThrow('a batch is broken')
  await expect(read()).rejects.toThrow('a bug')
  expect(await read()).toBe('')
  expect(reported).toMatchObject([{ message: 'a bug' }])
})

test('a sample is told as events, shortened, and its pauses as comments', async () => {
  const long = { ...TAILED, value: '\u{1F600}'.repeat(1_000) }
  const asked: (ReadonlySet<string> | null)[] = []
  const sample: ApiSources['sample'] = async function* (types) {
    asked.push(types)
    yield { records: [long], skipped: 7 }
    yield { records: [], skipped: 0 }
  }
  const app = createApi({ ...createSources().sources, sample })
  const response = await app.request('/v1/live/events?type=search,purchase')
  expect(response.headers.get('content-type')).toBe('text/event-stream; charset=utf-8')
  const [event = '', pause] = (await response.text()).split('\n\n')
  const { records, skipped } = JSON.parse(/^data: (.*)$/m.exec(event)?.[1] ?? '') as {
    records: { value: string }[]
    skipped: number
  }
  expect({ skipped, pause }).toEqual({ skipped: 7, pause: ': heartbeat' })
  expect(records[0]?.value).toBe('\u{1F600}'.repeat(300))
  expect(asked).toEqual([new Set(['search', 'purchase'])])
})

test.each(['/v1/tail', '/v1/live/events', '/v1/events/e1'])(
  '%s is not here where there is no log',
  async path => {
    const none = { tail: null, sample: null, trace: null }
    const response = await createApi({ ...createSources().sources, ...none }).request(path)
    expect(response.status).toBe(501)
    expect(await response.json()).toMatchObject({ code: 'not_here', type: '/problems/not_here' })
  },
)
