/**
 * One connected client: a bounded queue in front of a socket. First comes what it is welcomed with,
 * at the pace of the reader and whatever its size; what is published meanwhile waits in the queue.
 */
import type { ServerResponse } from 'node:http'
import type { Frame } from './frame.ts'

export interface LiveClient {
  /** Opens the answer. */
  begin(preamble: Frame): void
  /** Sends these first, then what was published since the client was opened. Called once. */
  welcome(frames: readonly Frame[]): void
  /** Sends a frame, after those before it. A client that has too much waiting is dropped. */
  send(frame: Frame): void
  /** Ends the answer. A second call does nothing. */
  close(): void
}

export interface ClientOptions {
  /** Of published frames that wait; one alone may be larger. */
  readonly bufferBytesMax: number
  /** Names of the metrics whose results are wanted; null: all. */
  readonly metrics: ReadonlySet<string> | null
  /** Called once. `slow`: the client was dropped. */
  readonly onClose: (why: 'closed' | 'slow') => void
}

const HEADERS = {
  'Content-Type': 'text/event-stream; charset=utf-8',
  'Cache-Control': 'no-store',
  'X-Accel-Buffering': 'no', // nginx would keep events back
  'X-Content-Type-Options': 'nosniff',
  Connection: 'close', // the stream is the last that this connection carries
}

export function openClient(response: ServerResponse, options: ClientOptions): LiveClient {
  const { bufferBytesMax, metrics, onClose } = options
  const queue: Frame[] = []
  let queuedBytes = 0
  let welcomes: Frame[] | null = null
  let state: 'open' | 'blocked' | 'closed' = 'open'

  const leave = (why: 'closed' | 'slow'): void => {
    if (state === 'closed') return
    state = 'closed'
    queue.length = 0
    welcomes = null
    onClose(why)
  }
  const next = (): Frame | undefined => {
    const frame = welcomes?.shift()
    if (frame !== undefined) return frame
    const published = queue.shift()
    queuedBytes -= published?.bytes.length ?? 0
    return published
  }
  const pump = (): void => {
    if (welcomes === null) return
    while (state === 'open') {
      const frame = next()
      if (frame === undefined) return
      if (!response.write(frame.bytes)) state = 'blocked'
    }
  }
  const isWanted = (frame: Frame): boolean =>
    frame.metric === null || metrics === null || metrics.has(frame.metric)

  response.on('error', () => leave('closed'))
  response.on('close', () => leave('closed'))
  response.on('drain', () => {
    if (state === 'blocked') state = 'open'
    pump()
  })

  return {
    begin: preamble => {
      response.writeHead(200, HEADERS)
      response.write(preamble.bytes)
    },
    welcome: frames => {
      welcomes = frames.filter(isWanted)
      pump()
    },
    send: frame => {
      if (state === 'closed' || !isWanted(frame)) return
      if (queuedBytes > 0 && queuedBytes + frame.bytes.length > bufferBytesMax) {
        leave('slow')
        response.destroy()
        return
      }
      queue.push(frame)
      queuedBytes += frame.bytes.length
      pump()
    },
    close: () => {
      if (state === 'closed') return
      leave('closed')
      response.end()
    },
  }
}
