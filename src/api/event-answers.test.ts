import { expect, test } from 'vitest'
import { Fault } from '../std/fault.ts'
import { askApi as ask, createSources } from './api.fixture.ts'
import type { ApiSources } from './api.ts'
import { createApi } from './api.ts'

test('an event is traced by its id, whatever its signs', async () => {
  const asked: unknown[] = []
  const trace: ApiSources['trace'] = async question => {
    asked.push(question)
    const searched = { log_bytes: 0, lake_files: 0, is_cut: true }
    const range = { from: '2024-09-01T00:00:00.000Z', to: '2024-09-03T00:00:00.000Z' }
    return { event_id: question.eventId, ...range, searched, copies: [] }
  }
  const path = `/v1/events/${encodeURIComponent('a/b é%')}?from=2024-09-01&user_id=u1`
  const { status, answer } = await ask(path, { trace })
  expect(asked).toEqual([
    { eventId: 'a/b é%', fromMs: Date.UTC(2024, 8, 1), toMs: null, userId: 'u1' },
  ])
  expect({ status, answer }).toMatchObject({ status: 404, answer: { code: 'event_unknown' } })
  expect((answer as { detail: string }).detail).toContain('only a part')
  expect((await ask(`/v1/events/${'x'.repeat(257)}`, { trace })).status).toBe(400)
})

test('a reject that is not there, and a place that is none', async () => {
  const reject: ApiSources['reject'] = async () => null
  const missing = await ask('/v1/quarantine/purchase/0/7', { reject })
  expect(missing).toMatchObject({ status: 404, answer: { code: 'reject_unknown' } })
  expect((await ask('/v1/quarantine/purchase/x/7', { reject })).status).toBe(400)
})

function send(body: string, type = 'application/json'): RequestInit {
  return { method: 'POST', body, headers: { 'Content-Type': type } }
}

const PATH = '/v1/quarantine/repair'

test('a repair is run with the document as it came, dry where that is told', async () => {
  const asked: unknown[] = []
  const repair: ApiSources['repair'] = async (document, isDryRun) => {
    asked.push([document, isDryRun])
    throw new Fault('CONFIG_INVALID', 'the repair is wrong')
  }
  for (const query of ['', '?dry_run=true']) {
    const { status, answer } = await ask(PATH + query, { repair }, send('{"é":1.50}'))
    expect({ status, answer }).toMatchObject({
      status: 400,
      answer: { code: 'repair_invalid', detail: 'the repair is wrong' },
    })
  }
  expect(asked).toEqual([
    ['{"é":1.50}', false],
    ['{"é":1.50}', true],
  ])
})

test('what is no repair is refused before it is read', async () => {
  expect((await ask(PATH, {}, send('{}', 'text/plain'))).status).toBe(415)
  expect((await ask(PATH, {}, send(' '.repeat(1_100_000)))).status).toBe(413)
  expect((await ask(`${PATH}?dry_run=yes`, {}, send('{}'))).status).toBe(400)
  expect((await ask(PATH, { repair: null }, send('{}'))).status).toBe(501)
  const { status, headers } = await ask(PATH)
  expect({ status, allow: headers.get('allow') }).toEqual({ status: 405, allow: 'POST' })
})

test('one repair runs at a time', async () => {
  const first = Promise.withResolvers<never>()
  const { sources } = createSources()
  const app = createApi({ ...sources, repair: () => first.promise })
  const running = app.request(PATH, send('{}'))
  const busy = await app.request(PATH, send('{}'))
  expect(busy.status).toBe(503)
  first.reject(new Fault('LOG_FULL', 'no room'))
  expect((await running).status).toBe(503)
})
