/**
 * The Weir that runs on the data directory already, if one does: commands then ask it over HTTP.
 */

import type { FaultCode } from '../../std/fault.ts'
import { FAULTS, Fault, messageOf } from '../../std/fault.ts'
import type { DataDir } from './data-dir.ts'
import { readLocalKey, readNote } from './data-dir.ts'

export interface Peer {
  readonly url: string
  /** The JSON of an answer. Throws the Fault that its problem document names. */
  get(path: string, signal: AbortSignal): Promise<unknown>
  /** The lines of an answer that goes on until the signal aborts. */
  lines(path: string, signal: AbortSignal): AsyncIterable<string>
  post(path: string, request: PeerRequest, signal: AbortSignal): Promise<unknown>
}

export interface PeerRequest {
  readonly body: Uint8Array
  readonly headers: Readonly<Record<string, string>>
}

/**
 * Finds it by its note; null: none runs. Throws SERVER_UNREACHABLE where one lives but is silent.
 */
export async function findPeer(directory: DataDir, signal: AbortSignal): Promise<Peer | null> {
  const note = readNote(directory)
  if (note === null) return null
  const peer = createPeer(note.url, readLocalKey(directory))
  try {
    await peer.get('/healthz', signal)
  } catch (cause) {
    // A process of another program may have the id of one that died.
    const again = readNote(directory)
    if (again === null || !messageOf(cause).includes('does not answer')) throw cause
    throw new Fault(
      'SERVER_UNREACHABLE',
      `process ${note.pid} holds ${directory.path}, but ${note.url} does not answer; ` +
        `wait, or, if that is no weir, remove ${directory.note}`,
      { cause },
    )
  }
  return peer
}

function createPeer(url: string, key: string | null): Peer {
  const own: Record<string, string> = key === null ? {} : { 'X-Api-Key': key }
  const ask = async (path: string, init: RequestInit): Promise<unknown> => {
    let response: Response
    try {
      response = await fetch(new URL(path, url), init)
    } catch (cause) {
      if (init.signal?.aborted === true) throw cause
      throw new Fault('SERVER_UNREACHABLE', `${url} does not answer: ${messageOf(cause)}`, {
        cause,
      })
    }
    const body: unknown = await response.json().catch(() => null)
    if (!response.ok) throw toPeerFault(url, response.status, body)
    return body
  }
  return {
    url,
    lines: async function* (path, signal) {
      const response = await fetch(new URL(path, url), { headers: own, signal })
      if (!response.ok || response.body === null) {
        throw toPeerFault(url, response.status, await response.json().catch(() => null))
      }
      let rest = ''
      try {
        for await (const text of response.body.pipeThrough(new TextDecoderStream())) {
          const lines = (rest + text).split('\n')
          rest = lines.pop() ?? ''
          yield* lines
        }
      } catch (cause) {
        if (!signal.aborted) throw new Fault('SERVER_UNREACHABLE', `${url} ended`, { cause })
      }
    },
    get: (path, signal) => ask(path, { headers: own, signal }),
    post: (path, { body, headers }, signal) =>
      ask(path, {
        method: 'POST',
        body: body as Uint8Array<ArrayBuffer>,
        headers: { ...headers, ...own },
        signal,
      }),
  }
}

/** What is asked is right, but not now. */
const CONFLICT = 409

/** What a problem document says, as the Fault that it was on the other side. */
export function toPeerFault(url: string, status: number, body: unknown): Fault {
  const problem = (body ?? {}) as { readonly code?: unknown; readonly detail?: unknown }
  const code = typeof problem.code === 'string' ? problem.code.toUpperCase() : ''
  const detail = typeof problem.detail === 'string' ? problem.detail : `status ${status}`
  if (isFaultCode(code)) return new Fault(code, detail)
  const isWrong = status >= 400 && status < 500 && status !== CONFLICT
  if (isWrong) return new Fault('QUERY_INVALID', detail)
  return new Fault('SERVER_UNREACHABLE', `${url} answered ${status}: ${detail}`)
}

function isFaultCode(code: string): code is FaultCode {
  return Object.hasOwn(FAULTS, code)
}
