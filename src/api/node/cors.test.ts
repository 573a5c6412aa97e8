import type { ServerResponse } from 'node:http'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { createCors } from './cors.ts'

const SHOP = 'https://shop.example'
const servers: { close(): void }[] = []

afterEach(() => {
  for (const server of servers.splice(0)) server.close()
})

async function start(originsAllowed: readonly string[]): Promise<string> {
  const cors = createCors(originsAllowed)
  const server = createServer((request, response: ServerResponse) => {
    cors.mark(request, response)
    if (!cors.answer(request, response)) response.writeHead(404).end()
  }).listen(0, '127.0.0.1')
  servers.push(server)
  await new Promise(resolve => server.once('listening', resolve))
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

test('a listed origin may read answers, errors too', async () => {
  const answer = await fetch(await start([SHOP]), { headers: { Origin: SHOP } })
  expect(answer.status).toBe(404)
  expect(answer.headers.get('access-control-allow-origin')).toBe(SHOP)
  expect(answer.headers.get('access-control-expose-headers')).toMatch(/ETag.*RateLimit/)
  expect(answer.headers.get('access-control-allow-credentials')).toBeNull()
  expect(answer.headers.get('vary')).toBe('Origin')
})

test('is asked first, and answers what may come', async () => {
  const headers = { Origin: SHOP, 'Access-Control-Request-Method': 'POST' }
  const answer = await fetch(await start([SHOP]), { method: 'OPTIONS', headers })
  expect(answer.status).toBe(204)
  expect(answer.headers.get('access-control-allow-methods')).toContain('POST')
  expect(answer.headers.get('access-control-allow-headers')).toContain('X-Api-Key')
})

test.each([
  'https://evil.example',
  'null',
  'https://shop.example.evil.example',
  'https://shop.example:444',
  'http://shop.example',
  'HTTPS://SHOP.EXAMPLE',
  'https://shop.example, https://evil.example',
  '*',
])('%s is not listed, and is never echoed', async origin => {
  const url = await start([SHOP])
  for (const method of ['GET', 'OPTIONS']) {
    const headers = { Origin: origin, 'Access-Control-Request-Method': 'POST' }
    const answer = await fetch(url, { method, headers })
    expect(answer.status).toBe(method === 'GET' ? 404 : 403)
    expect(answer.headers.get('access-control-allow-origin')).toBeNull()
    expect(answer.headers.get('vary')).toBe('Origin')
  }
})

test('without a list nothing is said', async () => {
  const answer = await fetch(await start([]), { headers: { Origin: SHOP } })
  expect(answer.headers.get('access-control-allow-origin')).toBeNull()
  expect(answer.headers.get('vary')).toBeNull()
})
