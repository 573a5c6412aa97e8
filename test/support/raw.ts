/** Bytes sent to a server as they are, from an address of this machine that may be another one. */
import type { Socket } from 'node:net'
import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

export interface RawCall extends Disposable {
  readonly socket: Socket
  /** What has come so far, a character for each byte. */
  readonly text: () => string
  readonly isClosed: () => boolean
}

/** All of 127.0.0.0/8 is this machine on Linux; elsewhere there is one address. */
export const OTHER_ADDRESS: string = process.platform === 'linux' ? '127.0.0.2' : '127.0.0.1'

const POLL_MS = 10

export function callRaw(port: number, bytes: string | Uint8Array, from?: string): RawCall {
  const local = from === undefined ? {} : { localAddress: from }
  const socket = connect({ port, host: '127.0.0.1', ...local })
  const chunks: string[] = []
  let isClosed = false
  socket.on('data', chunk => {
    chunks.push(chunk.toString('latin1'))
  })
  socket.on('error', () => {})
  socket.on('close', () => {
    isClosed = true
  })
  if (bytes.length > 0) socket.write(bytes)
  return {
    socket,
    text: () => chunks.join(''),
    isClosed: () => isClosed,
    [Symbol.dispose]: () => socket.destroy(),
  }
}

/** Waits until the server has closed the connection, or for so long. */
export async function untilClosed(call: RawCall, msMax: number): Promise<boolean> {
  for (let waitedMs = 0; waitedMs < msMax && !call.isClosed(); waitedMs += POLL_MS) {
    await sleep(POLL_MS)
  }
  return call.isClosed()
}

/** Statuses of the answers in a text, in order. */
export function statusesOf(text: string): readonly number[] {
  return [...text.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(match => Number(match[1]))
}
