/**
 * What is derived from the one secret key: hashes with keys of their own for users, for values and
 * for rows, so that joining two of them never cancels out (a user whose id is also an order's id),
 * and the multipliers of tables.
 */
import { createHmac } from 'node:crypto'
import type { IdHash } from './hash.ts'
import { createIdHash, KEY_BYTES } from './hash.ts'
import type { Multipliers } from './id-index.ts'

export interface IdHashes {
  readonly users: IdHash
  /** Event ids, order ids, and whatever else stands in a field. */
  readonly values: IdHash
  /** Rows of a metric, topics, and other names of ours. */
  readonly rows: IdHash
}

export interface DerivedKeys {
  readonly hashes: IdHashes
  readonly multipliers: Multipliers
  /** An odd number, for tables of numbers and symbols. */
  readonly factor: number
}

/** `secret`: 16 bytes or more; equal secrets give equal ids. */
export function deriveKeys(secret: Uint8Array): DerivedKeys {
  const derive = (name: string): Uint8Array =>
    createHmac('sha256', secret).update(name).digest().subarray(0, KEY_BYTES)
  const odd = (name: string): Int32Array => {
    const bytes = derive(name)
    const view = new DataView(bytes.buffer, bytes.byteOffset, KEY_BYTES)
    return Int32Array.from({ length: 4 }, (_, word) => view.getInt32(word * 4, true) | 1)
  }
  return {
    hashes: {
      users: createIdHash(derive('users')),
      values: createIdHash(derive('values')),
      rows: createIdHash(derive('rows')),
    },
    multipliers: odd('slots'),
    factor: odd('symbols')[0] ?? 1,
  }
}
