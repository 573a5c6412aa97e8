import { beforeEach, describe, expect, test } from 'vitest'
import { Fault } from '../../../src/std/fault.ts'
import type { RestAnswer, RestEvent } from './answer.ts'
import { answer } from './answer.ts'
import type { RunsFixture } from './runs.fixture.ts'
import { createRunsFixture } from './runs.fixture.ts'

const POST: RestEvent = {
  httpMethod: 'POST',
  resource: '/runs',
  pathParameters: null,
  body: null,
  isBase64Encoded: false,
}

let given: RunsFixture
const send = (event: RestEvent): Promise<RestAnswer> => answer(event, given)
const post = (body: object): Promise<RestAnswer> => send({ ...POST, body: JSON.stringify(body) })
const get = (id: string): Promise<RestAnswer> =>
  send({ ...POST, httpMethod: 'GET', resource: '/runs/{id}', pathParameters: { id } })

beforeEach(async () => {
  given = createRunsFixture()
  await given.addFile('2026-11-22')
})

test('a run is asked for, looked at, and found again', async () => {
  const body = { from: '2026-11-22', to: '2026-11-23', metrics: ['sales'], run: 'one-day' }
  const first = await post(body)
  expect(first).toMatchObject({ statusCode: 202, headers: { Location: '/runs/one-day' } })
  const run = JSON.parse(first.body)
  expect(run).toMatchObject({ run: 'one-day', state: 'started', metrics: ['sales'] })
  const second = await get('one-day')
  expect([second.statusCode, JSON.parse(second.body)]).toEqual([200, run])
  expect(await post(body)).toEqual(first)
})

test('a body may be in base64, or none at all', async () => {
  const base64 = Buffer.from('{"run":"b"}').toString('base64')
  const answered = await send({ ...POST, body: base64, isBase64Encoded: true })
  expect(JSON.parse(answered.body)).toMatchObject({ run: 'b', from: null })
  expect((await send(POST)).statusCode).toBe(202)
})

describe('a problem', () => {
  const expectProblem = (answered: RestAnswer, status: number, code: string): void => {
    expect(answered.statusCode).toBe(status)
    expect(answered.headers['Content-Type']).toBe('application/problem+json')
    expect(JSON.parse(answered.body)).toMatchObject({ status, code, type: `/problems/${code}` })
  }

  test('of the body', async () => {
    expectProblem(await post({ from: 'x', to: 'y' }), 400, 'body_invalid')
  })

  test('of a name that counts something else', async () => {
    await post({ run: 'mine' })
    expectProblem(await post({ run: 'mine', metrics: ['sales'] }), 409, 'run_exists')
  })

  test('of a name that nobody asked for, or that is none', async () => {
    expectProblem(await get('other'), 404, 'run_unknown')
    expectProblem(await get('../../etc'), 404, 'run_unknown')
  })

  test('of a path', async () => {
    expectProblem(await send({ ...POST, resource: '/run' }), 404, 'not_found')
  })

  test('of the runner: for good, and for now', async () => {
    given.runner.failNext('before', new Fault('SPARK_FAILED', 'the role may not'))
    expectProblem(await post({ run: 'a' }), 500, 'spark_failed')
    given.runner.failNext('before', new Fault('SPARK_UNAVAILABLE', 'too many'))
    const busy = await post({ run: 'b' })
    expectProblem(busy, 503, 'spark_unavailable')
    expect(busy.headers['Retry-After']).toBeDefined()
    expect((await post({ run: 'b' })).statusCode).toBe(202)
  })
})
