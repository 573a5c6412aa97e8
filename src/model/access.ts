/**
 * Who may do what: the scopes of keys, and the port through which a server asks. `access` answers
 * it; servers and routes know no more of keys than this.
 */
import type { Problem } from './problem.ts'

/** What a key may be good for, with what that is. */
export const SCOPES = {
  write: 'sends events, and reads nothing',
  read: 'asks for counts and the ledger, and changes nothing',
  admin: 'reads, sees single events and rejects, and changes what is kept',
} as const

export type Scope = keyof typeof SCOPES

/**
 * What a request needs: a key of a scope; `write-body`, one that writes, which may stand in its
 * body; `scrape`, one that reads, or none on this machine itself; `page`, none; `health`, none, and
 * as often as it likes.
 */
export type Need = Scope | 'write-body' | 'scrape' | 'page' | 'health'

/** One request, as far as the door looks at it. */
export interface Visit {
  readonly need: Need
  /** As node:http gives them: names in lower case. */
  readonly headers: { readonly [name: string]: string | readonly string[] | undefined }
  /** Of the two ends of its connection. */
  readonly remoteAddress: string
  readonly localAddress: string
}

export interface Admission {
  /** null: it may pass. */
  readonly problem: Problem | null
  /** What the answer tells of it, whatever the answer is. */
  readonly headers: Readonly<Record<string, string>>
}

/** What a room that reads keys from bodies is handed. null: the key, or its lack, will do. */
export type CheckKey = (key: string | null, scope: Scope) => Problem | null

/** Who is at the other end of a connection, as limits count them. */
export interface Peer {
  readonly id: string
  /** It is this machine or a proxy, behind which many may be. */
  readonly isMany: boolean
}

export interface Doorman {
  /** Judges a request and counts it against its limits. Called once for each, before its body. */
  admit(visit: Visit): Admission
  /** Judges a request that was let in again, as while its answer goes on; counts nothing. */
  recheck(visit: Visit): Problem | null
  /** For a key that stands in no header. Counts nothing. */
  readonly checkKey: CheckKey
  peerOf(remoteAddress: string): Peer
}

const KEY_LENGTH_MAX = 200

/** The key that a request presents; null: none. */
export function keyOf(headers: Visit['headers']): string | null {
  const key = headers['x-api-key'] ?? parseAuthorization(headers['authorization'])
  return typeof key === 'string' && key !== '' ? key.slice(0, KEY_LENGTH_MAX) : null
}

function parseAuthorization(header: string | readonly string[] | undefined): string | null {
  if (typeof header !== 'string') return null
  const [scheme = '', value = ''] = header.trim().split(/ +/, 2)
  switch (scheme.toLowerCase()) {
    case 'bearer':
      return value
    case 'basic':
      return Buffer.from(value, 'base64').toString('utf8').split(':', 1)[0] ?? null
    default:
      return null
  }
}
