/**
 * Keys. One is `weir_`, twelve characters that name it, `_`, and 32 that are the secret: 160 random
 * bits. So a plain SHA-256 of it is all that has to be kept: there are too many secrets to try.
 */
import { hash, timingSafeEqual } from 'node:crypto'
import type { Scope } from '../model/access.ts'
import { memoize } from '../std/memo.ts'

/** What is kept of a key. */
export interface KeyRecord {
  /** Twelve characters; no secret. */
  readonly id: string
  /** What people call it. */
  readonly name: string
  readonly scopes: readonly Scope[]
  /** Of the whole text of the key, in lower-case hex. */
  readonly sha256: string
  /** ms since the epoch, all three. */
  readonly createdMs: number
  /** null: never. */
  readonly expiresMs: number | null
  /** null: it was not. */
  readonly revokedMs: number | null
}

/** By id. */
export type Keyring = ReadonlyMap<string, KeyRecord>

export type KeyVerdict =
  | { readonly kind: 'good'; readonly record: KeyRecord }
  | { readonly kind: 'unknown' | 'expired' | 'revoked' }

export const ID_LENGTH = 12
const SECRET_LENGTH = 32
/** One byte for each character. */
export const KEY_RANDOM_BYTES: number = ID_LENGTH + SECRET_LENGTH
/** Crockford's: 32 characters, of which none looks like another. */
const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz'
const KEY = /^weir_([0-9a-z]{12})_[0-9a-z]{32}$/

/** Of keys that were found, so that those which are used do not cost it again. */
const toBytes = memoize(hex => Buffer.from(hex, 'hex'), 1_000)

export interface KeyWish extends Pick<KeyRecord, 'name' | 'scopes' | 'createdMs' | 'expiresMs'> {
  /** KEY_RANDOM_BYTES of them. */
  readonly random: Uint8Array
}

/** A new key: its text, which is told once, and what is kept. */
export function makeKey(wish: KeyWish): { readonly text: string; readonly record: KeyRecord } {
  const { random, name, scopes, createdMs, expiresMs } = wish
  const letters = Array.from(random, byte => ALPHABET[byte % ALPHABET.length]).join('')
  const id = letters.slice(0, ID_LENGTH)
  const text = `weir_${id}_${letters.slice(ID_LENGTH)}`
  const sha256 = hash('sha256', text)
  return { text, record: { id, name, scopes, sha256, createdMs, expiresMs, revokedMs: null } }
}

/** A key as a request shows it. */
export interface ShownKey {
  /** null: it does not look like a key. */
  readonly id: string | null
  readonly sha256: Buffer
}

export function toShownKey(text: string): ShownKey {
  return { id: KEY.exec(text)?.[1] ?? null, sha256: hash('sha256', text, 'buffer') }
}

/**
 * What is known of a key. That it has expired or was revoked is only told to who has all of it.
 */
export function judgeKey({ id, sha256 }: ShownKey, keyring: Keyring, nowMs: number): KeyVerdict {
  const record = id === null ? undefined : keyring.get(id)
  if (record === undefined || !isSame(sha256, toBytes(record.sha256))) {
    return { kind: 'unknown' }
  }
  const state = stateOf(record, nowMs)
  return state === 'good' ? { kind: 'good', record } : { kind: state }
}

export function stateOf(record: KeyRecord, nowMs: number): 'good' | 'expired' | 'revoked' {
  if (record.revokedMs !== null) return 'revoked'
  return record.expiresMs !== null && record.expiresMs <= nowMs ? 'expired' : 'good'
}

/** Whether a key of these scopes may do what needs `scope`: who may change may read. */
export function isAllowed(scopes: readonly Scope[], scope: Scope): boolean {
  return scopes.includes(scope) || (scope === 'read' && scopes.includes('admin'))
}

/** In a time that does not tell how much of it is right. */
export function isSame(left: Buffer, right: Buffer): boolean {
  return timingSafeEqual(left, right)
}
