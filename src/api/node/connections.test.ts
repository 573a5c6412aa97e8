/** Slow, and many: with bounds that are short enough for a test. */
import type { ServerResponse } from 'node:http'
import { createServer } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, describe, expect, test } from 'vitest'
import type { Peer } from '../../model/access.ts'
import type { ConnectionsOptions } from './connections.ts'
import { PATIENCE, watchConnections } from './connections.ts'

const HEAD = 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n'
const WAIT = { timeout: 10_000 }
const closing: (() => void)[] = []

afterEach(() => {
  for (const close of closing.splice(0)) close()
})

type Handle = (response: ServerResponse) => void

async function start(options: Partial<ConnectionsOptions>, handle: Handle): Promise<number> {
  const server = createServer()
  const now = (): number => performance.now()
  const peerOf = (): Peer => ({ id: 'somebody', isMany: false })
  const connections = watchConnections(server, { ...PATIENCE, peerOf, now, ...options })
  server.on('request', (request, response) => {
    connections.note(request, response)
    request.resume().on('end', () => handle(response))
  })
  server.listen(0, '127.0.0.1')
  await new Promise(resolve => server.once('listening', resolve))
  closing.push(() => {
    connections[Symbol.dispose]()
    server.close()
    server.closeAllConnections()
  })
  return (server.address() as AddressInfo).port
}

interface Caller {
  readonly socket: Socket
  readonly text: () => string
  readonly isClosed: () => boolean
}

function call(port: number, text: string): Caller {
  const socket = connect(port, '127.0.0.1')
  closing.push(() => socket.destroy())
  let received = ''
  let isClosed = false
  socket.on('data', chunk => {
    received += chunk.toString('latin1')
  })
  socket.on('error', () => {})
  socket.on('close', () => {
    isClosed = true
  })
  socket.write(text)
  return { socket, text: () => received, isClosed: () => isClosed }
}

describe('a body', () => {
  const bounds = { bodyGraceMs: 200, bytesPerSecondMin: 10_000 }

  test('that comes in drops is cut off, and told why', async () => {
    const port = await start(bounds, response => response.end('whole'))
    const caller = call(port, HEAD)
    const drip = setInterval(() => caller.socket.write('x'), 50)
    closing.push(() => clearInterval(drip))
    await expect.poll(caller.isClosed, WAIT).toBe(true)
    expect(caller.text()).toMatch(/^HTTP\/1.1 408 /)
    expect(caller.text()).toContain('"request_slow"')
  })

  test('that comes steadily is not, however long it takes', async () => {
    const port = await start(bounds, response => response.end('whole'))
    const caller = call(port, HEAD)
    for (let count = 0; count < 20; count += 1) {
      caller.socket.write('x'.repeat(50_000))
      await sleep(75)
    }
    await expect.poll(caller.text, WAIT).toContain('whole')
  })
})

describe('an answer', () => {
  const bounds = { answerGraceMs: 300, bytesPerSecondMin: 1_000_000 }
  const large = 'x'.repeat(30_000_000)
  const question = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n'

  test('that nobody reads is cut off', async () => {
    const port = await start(bounds, response => response.end(large))
    const caller = call(port, question)
    caller.socket.pause()
    await sleep(2_500)
    caller.socket.resume()
    await expect.poll(caller.isClosed, WAIT).toBe(true)
    expect(caller.text().length).toBeLessThan(large.length)
  })

  test('that is read comes whole', async () => {
    const port = await start(bounds, response => response.end(large))
    const caller = call(port, question)
    await expect.poll(() => caller.text().length, WAIT).toBeGreaterThan(large.length)
  })

  test('of which too much waits, over all, goes to fewer', async () => {
    const port = await start({ waitingBytesMax: 40_000_000 }, response => response.end(large))
    const callers = [1, 2, 3].map(() => call(port, question))
    for (const { socket } of callers) socket.pause()
    await sleep(2_000)
    for (const { socket } of callers) socket.resume()
    const whole = (): number => callers.filter(caller => caller.text().length > large.length).length
    const cut = (): number =>
      callers.filter(caller => caller.isClosed() && caller.text().length < large.length).length
    await expect.poll(() => [whole(), cut()], WAIT).toEqual([1, 2])
  })
})

test('one address gets its share of connections, and gets it back', async () => {
  const port = await start({ connectionsOfAddressMax: 3 }, response => response.end('here'))
  const question = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n'
  const idle = [1, 2, 3].map(() => call(port, ''))
  await sleep(100)
  const fourth = call(port, question)
  await expect.poll(fourth.isClosed, WAIT).toBe(true)
  expect(fourth.text()).toBe('')
  idle[0]?.socket.destroy()
  await expect
    .poll(() => {
      const again = call(port, question)
      return sleep(50).then(again.text)
    }, WAIT)
    .toContain('here')
})
