/** Reading a request's body, as far as its bound and the budget of all requests allow. */
import type { IncomingMessage } from 'node:http'
import { concatBytes } from '../std/bytes.ts'

/** How much all requests together may hold. */
export interface Budget {
  /** Takes bytes; false, and none taken, where so many are not left. */
  take(bytes: number): boolean
  give(bytes: number): void
  readonly takenBytes: number
}

export function createBudget(bytesMax: number): Budget {
  let takenBytes = 0
  return {
    take: bytes => {
      if (takenBytes + bytes > bytesMax) return false
      takenBytes += bytes
      return true
    },
    give: bytes => {
      takenBytes -= bytes
    },
    get takenBytes() {
      return takenBytes
    },
  }
}

/** `whole` holds bytes of the budget, which its receiver gives back; `unread` holds none. */
export type Body =
  | { readonly kind: 'whole'; readonly bytes: Uint8Array }
  | { readonly kind: 'unread'; readonly why: Unread }

type Unread = 'too_large' | 'no_room' | 'aborted'

/** Resolves at the body's end, or as soon as it is clear that it will not be used. */
export function readBody(
  request: IncomingMessage,
  bytesMax: number,
  budget: Budget,
): Promise<Body> {
  return new Promise(resolve => {
    const chunks: Uint8Array[] = []
    let size = 0
    const settle = (why: Unread): void => {
      request.off('data', onData)
      budget.give(size)
      size = 0
      chunks.length = 0
      resolve({ kind: 'unread', why })
    }
    const onData = (chunk: Uint8Array): void => {
      if (size + chunk.length > bytesMax) settle('too_large')
      else if (!budget.take(chunk.length)) settle('no_room')
      else {
        size += chunk.length
        chunks.push(chunk)
      }
    }
    let isEnded = false
    request.on('data', onData)
    request.on('end', () => {
      isEnded = true
      const [first] = chunks
      resolve({ kind: 'whole', bytes: chunks.length === 1 && first ? first : concatBytes(chunks) })
    })
    request.on('error', () => {})
    request.on('close', () => {
      if (!isEnded) settle('aborted')
    })
  })
}
