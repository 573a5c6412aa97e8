import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createSystemClock } from '../std/clock.ts'
import type { KeyRecord } from './key.ts'
import { makeKey } from './key.ts'
import { changeKeys, openKeyFile, readKeys } from './key-file.ts'

const WAIT = { timeout: 5_000 }
let directory = ''
let path = ''

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'weir-keys-'))
  path = join(directory, 'keys.json')
})

afterEach(() => {
  chmodSync(directory, 0o700)
  rmSync(directory, { recursive: true })
})

function recordOf(seed: number): KeyRecord {
  const random = new Uint8Array(44).fill(seed)
  return makeKey({ random, name: 'n', scopes: ['read'], createdMs: 5, expiresMs: 9 }).record
}

describe('the file', () => {
  test('keeps what it is given, for its owner only', () => {
    changeKeys(path, () => [recordOf(1)])
    changeKeys(path, keys => [...keys, { ...recordOf(2), revokedMs: 7, expiresMs: null }])
    const [first, second] = readKeys(path) ?? []
    expect(first).toEqual(recordOf(1))
    expect(second).toEqual({ ...recordOf(2), revokedMs: 7, expiresMs: null })
    expect(statSync(path).mode & 0o777).toBe(0o600)
  })

  test('holds no secret', () => {
    const random = new Uint8Array(44).map((_, index) => index)
    const { text, record } = makeKey({
      random,
      name: 'n',
      scopes: ['read'],
      createdMs: 0,
      expiresMs: null,
    })
    changeKeys(path, () => [record])
    expect(readFileSync(path, 'utf8')).not.toContain(text.slice(18))
  })

  test('stays as it was where a change fails', () => {
    changeKeys(path, () => [recordOf(1)])
    const fail = (): never => {
      throw new Error('no')
    }
    expect(() => changeKeys(path, fail)).toThrow('no')
    changeKeys(path, keys => keys)
    expect(readKeys(path)).toHaveLength(1)
  })

  test('is changed by one at a time', () => {
    writeFileSync(`${path}.new`, '')
    expect(() => changeKeys(path, keys => keys)).toThrow(/another command changes the keys/)
  })

  test('may be missing', () => {
    expect(readKeys(path)).toBeNull()
  })

  test.each([
    '',
    '[]',
    'null',
    '{"format":2,"keys":[]}',
    '{"format":1}',
    '{"format":1,"keys":[{}]}',
    '{"format":1,"keys":[null]}',
    JSON.stringify({ format: 1, keys: Array(1_001).fill(null) }),
    JSON.stringify({ format: 1, keys: [{ ...entry(), scopes: [] }] }),
    JSON.stringify({ format: 1, keys: [{ ...entry(), scopes: ['all'] }] }),
    JSON.stringify({ format: 1, keys: [{ ...entry(), scopes: ['toString'] }] }),
    JSON.stringify({ format: 1, keys: [{ ...entry(), sha256: 'ab' }] }),
    JSON.stringify({ format: 1, keys: [{ ...entry(), expires: 'soon' }] }),
    JSON.stringify({ format: 1, keys: [{ ...entry(), revoked: undefined }] }),
  ])('that is damaged is no file of keys: %s', text => {
    writeFileSync(path, text)
    expect(() => readKeys(path)).toThrow(/is no file of keys/)
  })
})

function entry(): object {
  const created = '2026-01-01T00:00:00Z'
  const sha256 = '0'.repeat(64)
  return { id: '0'.repeat(12), name: 'n', scopes: ['read'], sha256, created, expires: null }
}

describe('a running process', () => {
  test('sees what changes, and opens no door because the file is lost', async () => {
    const reported: unknown[] = []
    const report = (error: unknown): void => void reported.push(error)
    await using file = await openKeyFile({ path, clock: createSystemClock(), report })
    const count = (): number | undefined => file.keyring()?.size
    expect(file.keyring()).toBeNull()
    changeKeys(path, () => [recordOf(1)])
    await expect.poll(count, WAIT).toBe(1)
    changeKeys(path, keys => [...keys, recordOf(2)])
    await expect.poll(count, WAIT).toBe(2)
    writeFileSync(path, 'damaged')
    await expect.poll(() => reported.length, WAIT).toBe(1)
    expect(count()).toBe(2)
    rmSync(path)
    await expect.poll(count, WAIT).toBe(0)
  })

  test('does not start with a damaged one', async () => {
    writeFileSync(path, '{')
    const opening = openKeyFile({ path, clock: createSystemClock(), report: () => {} })
    await expect(opening).rejects.toThrow(/is no file of keys/)
  })
})
