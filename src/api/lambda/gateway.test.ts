import { expect, test } from 'vitest'
import type { Call } from './gateway.ts'
import { createGatewayHandler } from './gateway.ts'

const SHOP = 'https://shop.example'

interface Fixture {
  readonly asked: Request[]
  readonly calls: Call[]
  readonly reported: unknown[]
  readonly ask: (
    change?: Record<string, unknown>,
  ) => Promise<{ statusCode: number; body: string; header: (name: string) => string | undefined }>
}

function start(
  answer: (request: Request) => Response | Promise<Response> = () => Response.json({}),
): Fixture {
  const asked: Request[] = []
  const calls: Call[] = []
  const reported: unknown[] = []
  const handler = createGatewayHandler({
    app: {
      fetch: request => {
        asked.push(request)
        return answer(request)
      },
    },
    originsAllowed: [SHOP],
    served: call => calls.push(call),
    report: error => reported.push(error),
  })
  const ask: Fixture['ask'] = async (change = {}) => {
    const answered = await handler(toEvent(change))
    const header = (name: string): string | undefined => answered.multiValueHeaders[name]?.[0]
    return { ...answered, header }
  }
  return { asked, calls, reported, ask }
}

function toEvent(change: Record<string, unknown>): Record<string, unknown> {
  return {
    resource: '/v1/metrics/{name}',
    path: '/v1/metrics/sales',
    httpMethod: 'GET',
    headers: { Host: 'abc.execute-api.eu-central-1.amazonaws.com' },
    multiValueHeaders: { Host: ['abc.execute-api.eu-central-1.amazonaws.com'], Origin: [SHOP] },
    queryStringParameters: null,
    multiValueQueryStringParameters: null,
    pathParameters: { name: 'sales' },
    stageVariables: null,
    body: null,
    isBase64Encoded: false,
    requestContext: {
      requestId: 'r1',
      stage: 'prod',
      path: '/prod/v1/metrics/sales',
      domainName: 'abc.execute-api.eu-central-1.amazonaws.com',
    },
    ...change,
  }
}

test('a request is what was asked: path, all values of a name, headers', async () => {
  const { asked, ask, calls } = start()
  await ask({
    multiValueQueryStringParameters: { 'key.query': ['a&b', 'é'], limit: ['2'] },
    multiValueHeaders: { 'If-None-Match': ['"t"'], Accept: ['text/csv'], Odd: ['é\n'] },
  })
  const [request] = asked
  expect(request?.url).toBe(
    'https://abc.execute-api.eu-central-1.amazonaws.com/v1/metrics/sales' +
      '?key.query=a%26b&key.query=%C3%A9&limit=2',
  )
  expect(Object.fromEntries(request?.headers ?? [])).toEqual({
    accept: 'text/csv',
    'if-none-match': '"t"',
  })
  expect(calls).toEqual([{ requestId: 'r1', route: 'GET /v1/metrics/{name}', status: 200 }])
})

test.each([
  ['/v1/metrics/{name}', '/numbers/v1/metrics/sales', '/v1/metrics/sales'],
  ['/v1/metrics/{name}', '/v1/metrics/a%2Fb', '/v1/metrics/a%2Fb'],
  ['/healthz', '/healthz', '/healthz'],
  ['/{proxy+}', '/v1/anything', '/v1/anything'],
])('of route %s, %s is %s', async (resource, path, expected) => {
  const { asked, ask } = start()
  await ask({ resource, path })
  expect(new URL(asked[0]?.url ?? '').pathname).toBe(expected)
})

test('a body comes as its bytes, however it is packed', async () => {
  const { asked, ask } = start()
  const body = Buffer.from('{"é":1}')
  await ask({ httpMethod: 'POST', body: body.toString('base64'), isBase64Encoded: true })
  await ask({ httpMethod: 'POST', body: body.toString() })
  expect(await Promise.all(asked.map(one => one.text()))).toEqual(['{"é":1}', '{"é":1}'])
})

test('an answer keeps its status, headers and text', async () => {
  const { ask } = start(() => new Response(null, { status: 304, headers: { ETag: '"t"' } }))
  const answer = await ask()
  expect(answer).toMatchObject({ statusCode: 304, body: '', isBase64Encoded: false })
  expect(answer.header('etag')).toBe('"t"')
})

test.each([
  [{ 'Content-Type': 'application/json', 'Content-Encoding': 'gzip' }, true],
  [{ 'Content-Type': 'image/png' }, true],
  [{ 'Content-Type': 'application/problem+json' }, false],
  [{ 'Content-Type': 'text/csv; charset=utf-8' }, false],
  [{ 'Content-Type': 'application/x-ndjson' }, false],
])('of %j, that it is sent in base64 is %s', async (headers, isBase64Encoded) => {
  const { ask } = start(() => new Response(Uint8Array.of(65, 66), { headers }))
  expect(await ask()).toMatchObject({ isBase64Encoded, body: isBase64Encoded ? 'QUI=' : 'AB' })
})

test('pages of listed origins may read, refusals too; others learn nothing', async () => {
  const { ask } = start(() => new Response('{}', { status: 404, headers: { Vary: 'Accept' } }))
  const known = await ask()
  expect(known.header('access-control-allow-origin')).toBe(SHOP)
  expect(known.header('access-control-expose-headers')).toContain('ETag')
  expect(known.header('vary')).toBe('Accept, Origin')
  const strange = await ask({ multiValueHeaders: { origin: ['https://evil.example'] } })
  expect(strange.header('access-control-allow-origin')).toBeUndefined()
  expect(strange.header('vary')).toBe('Accept, Origin')
})

test('what a browser asks before a request is answered without the app', async () => {
  const { ask, asked } = start()
  const preflight = await ask({ httpMethod: 'OPTIONS' })
  expect(preflight.statusCode).toBe(204)
  expect(preflight.header('access-control-allow-origin')).toBe(SHOP)
  expect(preflight.header('access-control-allow-headers')).toMatch(/If-None-Match.*X-Api-Key/)
  const refused = await ask({ httpMethod: 'OPTIONS', multiValueHeaders: null })
  expect(refused.statusCode).toBe(403)
  expect(asked).toEqual([])
})

test('an answer that is too large is a problem, with how to mend it', async () => {
  // Fits as it is, and no more once its quotes are escaped.
  const { ask, calls } = start(() => new Response('"'.repeat(4 * 1024 * 1024)))
  const answer = await ask()
  expect(answer.statusCode).toBe(400)
  expect(JSON.parse(answer.body)).toMatchObject({ code: 'answer_too_large' })
  expect(answer.header('access-control-allow-origin')).toBe(SHOP)
  expect(calls[0]?.status).toBe(400)
})

test('a bug is reported, and answered with 500', async () => {
  const { ask, reported } = start(() => Promise.reject(new Error('bug')))
  expect((await ask()).statusCode).toBe(500)
  expect(String(reported[0])).toBe('Error: bug')
})

test.each([[{}], [null], [{ version: '2.0', rawPath: '/' }]])('%j is no event', async event => {
  const handler = createGatewayHandler({
    app: { fetch: () => Response.json({}) },
    originsAllowed: [],
    served: () => {},
    report: () => {},
  })
  expect((await handler(event)).statusCode).toBe(400)
})
