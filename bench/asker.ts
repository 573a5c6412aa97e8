/**
 * Questions one by one over a connection that stays open, read into one buffer: what the asker
 * leaves to be collected would be measured with the answers.
 */
import { once } from 'node:events'
import { connect } from 'node:net'
import { KIB } from '../src/std/units.ts'

export interface Asker extends Disposable {
  /** Resolves when the whole answer has come; rejects where that is not 200. */
  ask(target: string): Promise<void>
}

interface Waiting {
  readonly target: string
  readonly resolve: () => void
  readonly reject: (error: Error) => void
  head: string
  /** Of the body; null: the head has not come. */
  leftBytes: number | null
}

const BUFFER_BYTES = 64 * KIB
const HEAD_END = '\r\n\r\n'

export async function openAsker(url: string, key: string): Promise<Asker> {
  const { hostname, port } = new URL(url)
  let waiting: Waiting | null = null
  const take = (byteCount: number, buffer: Buffer): void => {
    if (waiting === null) return
    let bodyBytes = byteCount
    if (waiting.leftBytes === null) {
      const at = buffer.subarray(0, byteCount).indexOf(HEAD_END)
      const end = at === -1 ? byteCount : at + HEAD_END.length
      waiting.head += buffer.toString('latin1', 0, end)
      if (at === -1) return
      waiting.leftBytes = lengthOf(waiting.head)
      bodyBytes -= end
    }
    waiting.leftBytes -= bodyBytes
    if (waiting.leftBytes > 0) return
    const { target, head, resolve, reject } = waiting
    waiting = null
    if (head.startsWith('HTTP/1.1 200')) resolve()
    else reject(new Error(`${target} was answered:\n${head}`))
  }
  const onread = {
    buffer: Buffer.alloc(BUFFER_BYTES),
    callback: (byteCount: number, buffer: Buffer) => {
      take(byteCount, buffer)
      return true
    },
  }
  const socket = connect({ host: hostname, port: Number(port), noDelay: true, onread })
  socket.on('close', () => waiting?.reject(new Error(`${url} hung up`)))
  await once(socket, 'connect')
  return {
    ask: target =>
      new Promise((resolve, reject) => {
        waiting = { target, resolve, reject, head: '', leftBytes: null }
        socket.write(`GET ${target} HTTP/1.1\r\nHost: ${hostname}\r\nX-Api-Key: ${key}\r\n\r\n`)
      }),
    [Symbol.dispose]: () => socket.destroy(),
  }
}

function lengthOf(head: string): number {
  const length = /content-length: (\d+)/i.exec(head)?.[1]
  if (length === undefined) throw new Error(`an answer without a length:\n${head}`)
  return Number(length)
}
