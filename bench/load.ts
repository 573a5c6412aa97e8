/**
 * Load over HTTP from a process of its own, with no more work for each request than must be: bytes
 * that are made beforehand, but for the number of the event, over connections that stay open.
 * Run as `node bench/load.ts URL KEY ITEMS SECONDS`; ITEMS is how many events a request carries.
 */
import type { Socket } from 'node:net'
import { connect } from 'node:net'
import process from 'node:process'
import { tell } from './measure.ts'

export interface Loaded {
  readonly requestsPerSecond: number
  readonly eventsPerSecond: number
  /** All that were answered, in the time before it is measured too. */
  readonly answerCount: number
  /** Answers that were not 200. */
  readonly refusedCount: number
}

const CONNECTION_COUNT = 256
const WARM_MS = 1_000
const HEAD_END = Buffer.from('\r\n\r\n')
const OK = Buffer.from('HTTP/1.1 200')

interface Tally {
  answers: number
  refused: number
}

const [url = '', key = '', items = '1', seconds = '4'] = process.argv.slice(2)
if (import.meta.main) tell(await load(new URL(url), Number(items), Number(seconds)))

async function load({ port, hostname }: URL, items: number, seconds: number): Promise<Loaded> {
  const tally: Tally = { answers: 0, refused: 0 }
  const toRequest = createRequests(items)
  const sockets = Array.from({ length: CONNECTION_COUNT }, () => {
    const socket = connect(Number(port), hostname)
    socket.setNoDelay(true)
    keepAsking(socket, toRequest, tally)
    return socket
  })
  await new Promise(resolve => setTimeout(resolve, WARM_MS))
  const before = tally.answers
  const startMs = performance.now()
  await new Promise(resolve => setTimeout(resolve, seconds * 1000))
  const requestsPerSecond = ((tally.answers - before) / (performance.now() - startMs)) * 1000
  for (const socket of sockets) socket.destroy()
  const eventsPerSecond = requestsPerSecond * items
  const { answers: answerCount, refused: refusedCount } = tally
  return { requestsPerSecond, eventsPerSecond, answerCount, refusedCount }
}

/** One request after the other; an answer comes in one piece or several. */
function keepAsking(socket: Socket, toRequest: () => string, tally: Tally): void {
  let rest = Buffer.alloc(0)
  socket.on('error', error => {
    throw error
  })
  socket.on('connect', () => socket.write(toRequest()))
  socket.on('data', chunk => {
    rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk])
    const size = sizeOf(rest)
    if (size === null || rest.length < size) return
    if (!rest.subarray(0, OK.length).equals(OK)) tally.refused += 1
    tally.answers += 1
    rest = rest.subarray(size)
    socket.write(toRequest())
  })
}

/** Of the first answer; null: its headers have not all come. */
function sizeOf(bytes: Buffer): number | null {
  const end = bytes.indexOf(HEAD_END)
  if (end === -1) return null
  const head = bytes.toString('latin1', 0, end)
  const length = /content-length: (\d+)/i.exec(head)?.[1]
  if (length === undefined) throw new Error(`an answer without a length:\n${head}`)
  return end + HEAD_END.length + Number(length)
}

/** Each event is another one. Numbers have a fixed width, so all requests are of one length. */
function createRequests(items: number): () => string {
  const timestamp = new Date().toISOString()
  const run = process.pid
  let number = 0
  const toEvent = (): string => {
    number += 1
    const id = `${run}-${String(number).padStart(9, '0')}`
    const user = String(number % 10_000).padStart(5, '0')
    const what = `"event_id":"${id}","event_type":"product_view"`
    const who = `"user_id":"u${user}","timestamp":"${timestamp}"`
    return `{${what},${who},"data":{"product_id":"p${user}"}}`
  }
  const toBody = (): string => `${Array.from({ length: items }, toEvent).join('\n')}\n`
  const head = [
    'POST /v1/events HTTP/1.1',
    'Host: 127.0.0.1',
    'Content-Type: application/x-ndjson',
    `X-Api-Key: ${key}`,
    `Content-Length: ${toBody().length}`,
  ].join('\r\n')
  return () => `${head}\r\n\r\n${toBody()}`
}
