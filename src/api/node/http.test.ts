import { once } from 'node:events'
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import type { Socket } from 'node:net'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Doorman } from '../../model/access.ts'
import { toProblem } from '../../model/problem.ts'
import type { Clock } from '../../std/clock.ts'
import { createSystemClock } from '../../std/clock.ts'
import { createSources } from '../api.fixture.ts'
import { createApi } from '../api.ts'
import type { HttpServer, ServeOptions } from './http.ts'
import { serveHttp } from './http.ts'

const SCRIPT = 'console.log(1)\n'.repeat(100)
let directory = ''
const open: HttpServer[] = []
const sockets: Socket[] = []

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'weir-http-'))
  const pages = join(directory, 'dist')
  await mkdir(join(pages, 'assets'), { recursive: true })
  await writeFile(join(directory, 'secret.txt'), 'secret')
  await writeFile(join(pages, 'index.html'), '<!doctype html><title>Weir</title>')
  await writeFile(join(pages, 'assets', 'index-Bx3_k9Qa.js'), SCRIPT)
  await symlink(join(directory, 'secret.txt'), join(pages, 'link.txt'))
})

afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy()
  for (const server of open.splice(0)) await server.close()
  await rm(directory, { recursive: true })
})

/** Who gets in may do all. */
const OPEN_DOOR: Doorman = {
  admit: () => ({ problem: null, headers: {} }),
  recheck: () => null,
  checkKey: () => null,
  peerOf: id => ({ id, isMany: true }),
}

async function start(options: Partial<ServeOptions> = {}): Promise<HttpServer> {
  const server = await serveHttp({
    app: createApi(createSources().sources),
    collectorHandler: (_, response) => response.end('collector'),
    liveHandler: (_, response) => response.end('live'),
    staticDirectory: join(directory, 'dist'),
    host: '127.0.0.1',
    port: 0,
    hostsAllowed: [],
    originsAllowed: [],
    doorman: OPEN_DOOR,
    clock: createSystemClock(),
    onRefusal: () => {},
    report: () => {},
    ...options,
  })
  open.push(server)
  return server
}

/** Sends bytes as they are and gives back what comes until the peer closes. */
async function sendRaw(server: HttpServer, text: string): Promise<string> {
  const socket = connect(server.port, '127.0.0.1')
  sockets.push(socket)
  let answer = ''
  socket.on('data', chunk => {
    answer += chunk.toString()
  })
  socket.on('error', () => {})
  socket.write(text)
  await once(socket, 'close')
  return answer
}

function get(server: HttpServer, target: string, headers = ''): Promise<string> {
  return sendRaw(
    server,
    `GET ${target} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n${headers}\r\n`,
  )
}

test('who is turned away is told, and counted', async () => {
  const codes: string[] = []
  const unauthorized = toProblem('unauthorized', 'a key is needed')
  const admit: Doorman['admit'] = ({ need }) =>
    need === 'write' ? { problem: unauthorized, headers: {} } : { problem: null, headers: {} }
  const doorman = { ...OPEN_DOOR, admit }
  const server = await start({ doorman, onRefusal: code => codes.push(code) })
  expect((await fetch(`${server.url}/v1/events`, { method: 'POST', body: '{}' })).status).toBe(401)
  expect((await fetch(`${server.url}/v1/metrics`)).status).toBe(200)
  const lines = ['GET / HTTP/1.1', 'Host: shop.example', 'Connection: close', '', '']
  expect(await sendRaw(server, lines.join('\r\n'))).toContain('host_refused')
  expect(codes).toEqual(['unauthorized', 'host_refused'])
})

test('each request goes where it belongs', async () => {
  const { url } = await start()
  const ask = async (method: string, path: string): Promise<string> =>
    (await fetch(`${url}${path}`, { method })).text()
  expect(await ask('POST', '/v1/events?x=1')).toBe('collector')
  expect(await ask('GET', '/v1/live?metrics=a')).toBe('live')
  expect(await ask('GET', '/')).toContain('<title>Weir</title>')
  expect(await ask('GET', '/v1/metrics')).toContain('"top_products"')
  expect(await ask('GET', '/v1/events')).toContain('method_not_allowed')
  expect(await ask('POST', '/')).toContain('not_found')
})

describe('pages', () => {
  test('may load from here only, and run nothing inline', async () => {
    const { headers } = await fetch(`${(await start()).url}/`)
    const policy = headers.get('content-security-policy')
    expect(policy).toContain("default-src 'self'")
    expect(policy).not.toContain('unsafe')
    expect(headers.get('cache-control')).toBe('no-cache')
    expect(headers.get('x-content-type-options')).toBe('nosniff')
  })

  test('with their hash in the name are kept for ever, and come compressed', async () => {
    const response = await fetch(`${(await start()).url}/assets/index-Bx3_k9Qa.js`)
    expect(response.headers.get('cache-control')).toBe('public, max-age=31536000, immutable')
    expect(response.headers.get('content-encoding')).toBe('gzip')
    expect(response.headers.get('content-type')).toBe('text/javascript; charset=utf-8')
    expect(await response.text()).toBe(SCRIPT)
  })

  test('are not sent again to who has them', async () => {
    const { url } = await start()
    const tag = (await fetch(url)).headers.get('etag') ?? ''
    const again = await fetch(url, { headers: { 'If-None-Match': tag } })
    expect(again.status).toBe(304)
  })

  test.each([
    '/../secret.txt',
    '/%2e%2e/secret.txt',
    '/..%2fsecret.txt',
    '/assets/../../secret.txt',
    '//secret.txt',
    '/link.txt',
    '/index.html%00.js',
    '/assets',
    '/__proto__',
    'http://127.0.0.1/../secret.txt',
  ])('%s is none', async target => {
    const answer = await get(await start(), target)
    expect(answer).toMatch(/^HTTP\/1.1 404/)
    expect(answer).not.toContain('secret\n')
  })

  test('are missing where they were not built', async () => {
    const { url } = await start({ staticDirectory: join(directory, 'nowhere') })
    expect((await fetch(url)).status).toBe(404)
  })
})

describe('hostile requests', () => {
  test('under another name', async () => {
    const answer = await sendRaw(
      await start(),
      'GET /v1/metrics HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n',
    )
    expect(answer).toMatch(/^HTTP\/1.1 403/)
    expect(answer).toContain('host_refused')
  })

  test('without a name', async () => {
    const server = await start()
    expect(await sendRaw(server, 'GET / HTTP/1.1\r\n\r\n')).toMatch(/^HTTP\/1.1 400/)
    expect(await sendRaw(server, 'GET / HTTP/1.0\r\n\r\n')).toMatch(/^HTTP\/1.1 403/)
  })

  test('with two names', async () => {
    const text =
      'GET / HTTP/1.1\r\nHost: evil.example\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n'
    expect(await sendRaw(await start(), text)).toMatch(/^HTTP\/1.1 400/)
  })

  test('from a foreign page', async () => {
    const headers = { Origin: 'https://evil.example', 'Content-Type': 'text/plain' }
    const { url } = await start()
    const response = await fetch(`${url}/v1/events`, { method: 'POST', body: '{}', headers })
    expect(response.status).toBe(403)
    expect(await response.json()).toMatchObject({ code: 'origin_refused' })
  })

  test('with headers larger than allowed', async () => {
    const answer = await get(await start(), '/', `X: ${'x'.repeat(20_000)}\r\n`)
    expect(answer).toMatch(/^HTTP\/1.1 431/)
  })

  test('that are no HTTP', async () => {
    const server = await start()
    expect(await sendRaw(server, 'hello\r\n\r\n')).toMatch(/^HTTP\/1.1 400/)
    expect((await fetch(`${server.url}/healthz`)).status).toBe(200)
  })

  test('with two lengths', async () => {
    const text =
      'POST /v1/events HTTP/1.1\r\nHost: 127.0.0.1\r\n' +
      'Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'
    expect(await sendRaw(await start(), text)).toMatch(/^HTTP\/1.1 400/)
  })

  test('whose headers never end are cut off', async () => {
    const server = await start({ headersMsMax: 500 })
    const answer = await sendRaw(server, 'GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX: ')
    expect(answer).toMatch(/^HTTP\/1.1 408/)
  })

  test('that make a handler fail are answered, without its words', async () => {
    const reported: unknown[] = []
    const error = new Error('secret')
    const { url } = await start({
      liveHandler: () => {
        throw error
      },
      report: found => reported.push(found),
    })
    const response = await fetch(`${url}/v1/live`)
    expect(response.status).toBe(500)
    expect(await response.text()).not.toContain('secret')
    expect(reported).toEqual([error])
  })
})

describe('opening and closing', () => {
  test('a port that is taken is told, with what to do', async () => {
    const { port } = await start()
    const mend = 'stop it, or choose another with --port'
    await expect(start({ port })).rejects.toMatchObject({
      code: 'ADDRESS_IN_USE',
      message: `port ${port} on 127.0.0.1 is taken by another process; ${mend}`,
    })
  })

  test('a host that is not here is told', async () => {
    await expect(start({ host: '192.0.2.1' })).rejects.toMatchObject({ code: 'CONFIG_INVALID' })
  })

  // Less than the connection would be kept alive for.
  test('a request under way is finished, and none is taken after', { timeout: 5_000 }, async () => {
    let finish = (): void => {}
    const server = await start({
      // The deadline never comes.
      clock: { ...createSystemClock(), monotonic: () => 0 },
      liveHandler: (_, response) => {
        finish = () => response.end('finished')
      },
    })
    const answer = fetch(`${server.url}/v1/live`)
    await expect.poll(() => finish.length === 0 && finish.toString()).toContain('finished')
    const closed = server.close()
    await expect(fetch(`${server.url}/healthz`)).rejects.toThrow('fetch failed')
    finish()
    expect(await (await answer).text()).toBe('finished')
    await closed
  })

  test('one that never ends is cut off', async () => {
    let nowMs = 0
    const clock: Clock = {
      now: () => nowMs,
      monotonic: () => nowMs,
      sleep: async durationMs => {
        nowMs += durationMs
      },
    }
    let isAsked = false
    const server = await start({
      clock,
      liveHandler: () => {
        isAsked = true
      },
    })
    const answer = fetch(`${server.url}/v1/live`)
    answer.catch(() => {})
    await expect.poll(() => isAsked).toBe(true)
    await server.close()
    await expect(answer).rejects.toThrow('fetch failed')
  })
})
