/**
 * Connections, and whoever is slow on them. One address gets a share of them, so that it cannot
 * have them all; a body, or the reader of an answer, that comes in drops is cut off; and what waits
 * for all slow readers together is bounded. Headers that come slowly are node:http's to cut off.
 */
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { Peer } from '../../model/access.ts'
import { toProblem } from '../../model/problem.ts'
import { KIB, MIB, SECOND_MS } from '../../std/units.ts'
import { refuse } from './refuse.ts'

export interface Patience {
  readonly connectionCountMax: number
  /** Of one address; of one behind which many may be, half of all. */
  readonly connectionsOfAddressMax: number
  /** Bytes that a body, or an answer, must move in a second, on average... */
  readonly bytesPerSecondMin: number
  /** ...once it has had so long. */
  readonly bodyGraceMs: number
  readonly answerGraceMs: number
  /** Of answers that wait in memory, of all connections. */
  readonly waitingBytesMax: number
}

export const PATIENCE: Patience = {
  connectionCountMax: 2_048,
  connectionsOfAddressMax: 128,
  bytesPerSecondMin: 1 * KIB,
  bodyGraceMs: 5 * SECOND_MS,
  answerGraceMs: 30 * SECOND_MS,
  waitingBytesMax: 256 * MIB,
}

export interface Connections extends Disposable {
  /** Tells which request its connection is at. */
  note(request: IncomingMessage, response: ServerResponse): void
}

export interface ConnectionsOptions extends Patience {
  readonly peerOf: (remoteAddress: string) => Peer
  /** ms; never goes back. */
  readonly now: () => number
}

interface Line {
  readonly socket: Socket
  request: IncomingMessage | null
  response: ServerResponse | null
  /** When the request came, and what the socket had read by then. */
  startMs: number
  readBytes: number
  /** Since when an answer waits, and what had been sent by then; null: none waits. */
  waiting: { readonly sinceMs: number; readonly sentBytes: number } | null
}

const LOOK_MS = 500
const SLOW = toProblem('request_slow', 'the body came too slowly; send it again')

export function watchConnections(server: Server, options: ConnectionsOptions): Connections {
  const { connectionCountMax, connectionsOfAddressMax, peerOf, now } = options
  const lines = new Map<Socket, Line>()
  const counts = new Map<string, number>()
  server.maxConnections = connectionCountMax

  server.on('connection', (socket: Socket) => {
    const { id, isMany } = peerOf(socket.remoteAddress ?? '')
    const count = (counts.get(id) ?? 0) + 1
    const countMax = isMany ? connectionCountMax / 2 : connectionsOfAddressMax
    if (count > countMax) {
      socket.destroy()
      return
    }
    counts.set(id, count)
    const line = { socket, request: null, response: null, startMs: 0, readBytes: 0, waiting: null }
    lines.set(socket, line)
    socket.once('close', () => {
      lines.delete(socket)
      const left = (counts.get(id) ?? 1) - 1
      if (left === 0) counts.delete(id)
      else counts.set(id, left)
    })
  })

  const look = (): void => {
    const nowMs = now()
    for (const line of lines.values()) {
      if (isBodySlow(line, nowMs, options)) cutBody(line)
      else if (isReaderSlow(line, nowMs, options)) line.socket.destroy()
    }
    cutLargest([...lines.keys()], options.waitingBytesMax)
  }
  const timer = setInterval(look, LOOK_MS)
  timer.unref()

  return {
    note: (request, response) => {
      const line = lines.get(request.socket)
      if (line === undefined) return
      line.request = request
      line.response = response
      line.startMs = now()
      line.readBytes = request.socket.bytesRead
    },
    [Symbol.dispose]: () => clearInterval(timer),
  }
}

function isBodySlow(line: Line, nowMs: number, patience: Patience): boolean {
  const { request, socket, startMs, readBytes } = line
  if (request === null || request.complete) return false
  const elapsedMs = nowMs - startMs
  if (elapsedMs < patience.bodyGraceMs) return false
  return isSlow(socket.bytesRead - readBytes, elapsedMs, patience)
}

/** The answer tells why, where none has begun; then the connection ends, whoever reads it. */
function cutBody({ socket, request, response }: Line): void {
  if (request !== null && response !== null && !response.headersSent) {
    response.setHeader('Connection', 'close')
    refuse(request, response, SLOW)
  }
  socket.destroySoon()
}

/** Notes since when an answer waits; each stretch of patience is judged by itself. */
function isReaderSlow(line: Line, nowMs: number, patience: Patience): boolean {
  const { socket, waiting } = line
  if (socket.writableLength === 0) {
    line.waiting = null
    return false
  }
  const sentBytes = socket.bytesWritten - socket.writableLength
  if (waiting === null) line.waiting = { sinceMs: nowMs, sentBytes }
  else if (nowMs - waiting.sinceMs >= patience.answerGraceMs) {
    if (isSlow(sentBytes - waiting.sentBytes, nowMs - waiting.sinceMs, patience)) return true
    line.waiting = { sinceMs: nowMs, sentBytes }
  }
  return false
}

function isSlow(bytes: number, elapsedMs: number, { bytesPerSecondMin }: Patience): boolean {
  return bytes * SECOND_MS < bytesPerSecondMin * elapsedMs
}

/** Cuts off those for whom most waits, until the rest is within the bound. */
function cutLargest(sockets: readonly Socket[], waitingBytesMax: number): void {
  let waitingBytes = sockets.reduce((sum, socket) => sum + socket.writableLength, 0)
  if (waitingBytes <= waitingBytesMax) return
  const largestFirst = sockets.toSorted((a, b) => b.writableLength - a.writableLength)
  for (const socket of largestFirst) {
    waitingBytes -= socket.writableLength
    socket.destroy()
    if (waitingBytes <= waitingBytesMax) return
  }
}
