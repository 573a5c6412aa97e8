/** Keys in the file of a data directory, as `weir keys` puts them there, in no time. */
import { randomBytes } from 'node:crypto'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { KeyRecord } from '../../src/access/key.ts'
import { KEY_RANDOM_BYTES, makeKey } from '../../src/access/key.ts'
import { changeKeys } from '../../src/access/key-file.ts'
import type { Scope } from '../../src/model/access.ts'

/** Gives the text of the key. */
export function addKey(
  directory: string,
  scopes: readonly Scope[],
  change: Partial<KeyRecord> = {},
): string {
  mkdirSync(directory, { recursive: true })
  const random = randomBytes(KEY_RANDOM_BYTES)
  const createdMs = Date.now()
  const { text, record } = makeKey({ random, name: 'n', scopes, createdMs, expiresMs: null })
  changeKeys(join(directory, 'keys.json'), all => [...all, { ...record, ...change }])
  return text
}
