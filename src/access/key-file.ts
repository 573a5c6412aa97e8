/**
 * The file of keys: `{"format":1,"keys":[…]}`, readable by its owner only, written whole. It holds
 * no secret, only hashes, so a copy of it serves any number of processes. A running one looks at it
 * every second.
 */
import { closeSync, openSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { readFile, stat } from 'node:fs/promises'
import type { Scope } from '../model/access.ts'
import { SCOPES } from '../model/access.ts'
import type { Clock } from '../std/clock.ts'
import { Fault, messageOf, systemCodeOf } from '../std/fault.ts'
import { MIB, SECOND_MS } from '../std/units.ts'
import type { KeyRecord, Keyring } from './key.ts'
import { ID_LENGTH } from './key.ts'

export interface KeyFile extends AsyncDisposable {
  /** As of the last look. null: there never were keys while this was open. */
  keyring(): Keyring | null
}

export interface KeyFileOptions {
  readonly path: string
  readonly clock: Clock
  /** Is told once when the file becomes unreadable; the keys stay as they were. */
  readonly report: (error: unknown) => void
}

export const KEY_COUNT_MAX = 1_000
const FILE_BYTES_MAX = 1 * MIB
const FORMAT = 1
const LOOK_MS = 1 * SECOND_MS
const PRIVATE_MODE = 0o600

/**
 * Reads the file, and again whenever it changes, until it is disposed of. Once there were keys a
 * missing file means that none is good, so that losing it opens no door. Throws FILE_UNREADABLE.
 */
export async function openKeyFile({ path, clock, report }: KeyFileOptions): Promise<KeyFile> {
  const end = new AbortController()
  let version = await versionOf(path)
  const first = readKeys(path)
  let keyring: Keyring | null = first === null ? null : toKeyring(first)
  let isReported = false
  const look = async (): Promise<void> => {
    const found = await versionOf(path)
    if (found === version) return
    const text = found === null ? null : await readFile(path, 'utf8')
    if (text === null) keyring = keyring === null ? null : new Map()
    else keyring = toKeyring(parseKeys(text, path))
    version = found
  }
  const watch = async (): Promise<void> => {
    for (;;) {
      await clock.sleep(LOOK_MS, end.signal)
      if (end.signal.aborted) return
      try {
        await look()
        isReported = false
      } catch (error) {
        if (!isReported) report(error)
        isReported = true
      }
    }
  }
  const watching = watch()
  return {
    keyring: () => keyring,
    [Symbol.asyncDispose]: async () => {
      end.abort()
      await watching
    },
  }
}

/** null: there is no such file. Throws FILE_UNREADABLE, also for one that is damaged. */
export function readKeys(path: string): readonly KeyRecord[] | null {
  try {
    return parseKeys(readFileSync(path, 'utf8'), path)
  } catch (cause) {
    if (cause instanceof Fault) throw cause
    if (isMissing(cause)) return null
    throw new Fault('FILE_UNREADABLE', `${path} cannot be read: ${messageOf(cause)}`, { cause })
  }
}

/**
 * Changes the keys of the file, which is made where it is missing: readers, and a crash, see all of
 * it or nothing. Throws FILE_UNREADABLE where it cannot be written, or another is changing it.
 */
export function changeKeys(
  path: string,
  change: (keys: readonly KeyRecord[]) => readonly KeyRecord[],
): void {
  const aside = `${path}.new`
  try {
    closeSync(openSync(aside, 'wx', PRIVATE_MODE))
  } catch (cause) {
    const isTaken = systemCodeOf(cause) === 'EEXIST'
    const why = isTaken
      ? `${aside} is there: another command changes the keys; if none does, remove it`
      : `${path} cannot be written: ${messageOf(cause)}`
    throw new Fault('FILE_UNREADABLE', why, { cause })
  }
  try {
    const text = toText(change(readKeys(path) ?? []))
    writeFileSync(aside, text, { flush: true })
    renameSync(aside, path)
  } catch (error) {
    rmSync(aside, { force: true })
    throw error
  }
}

export function toKeyring(records: readonly KeyRecord[]): Keyring {
  return new Map(records.map(record => [record.id, record]))
}

/** Changes whenever the file does: it is always renamed into place. null: it is not there. */
async function versionOf(path: string): Promise<string | null> {
  try {
    const { ino, mtimeMs, size } = await stat(path)
    return `${ino} ${mtimeMs} ${size}`
  } catch (cause) {
    if (isMissing(cause)) return null
    throw new Fault('FILE_UNREADABLE', `${path} cannot be read: ${messageOf(cause)}`, { cause })
  }
}

/** The path ends early, or leads through a file. */
function isMissing(cause: unknown): boolean {
  return ['ENOENT', 'ENOTDIR'].includes(systemCodeOf(cause) ?? '')
}

function toText(records: readonly KeyRecord[]): string {
  const toTime = (ms: number | null): string | null =>
    ms === null ? null : new Date(ms).toISOString()
  const keys = records.map(record => ({
    id: record.id,
    name: record.name,
    scopes: record.scopes,
    sha256: record.sha256,
    created: toTime(record.createdMs),
    expires: toTime(record.expiresMs),
    revoked: toTime(record.revokedMs),
  }))
  return `${JSON.stringify({ format: FORMAT, keys }, null, 2)}\n`
}

function parseKeys(text: string, path: string): readonly KeyRecord[] {
  const wrong = (why: string): Fault =>
    new Fault('FILE_UNREADABLE', `${path} is no file of keys: ${why}; restore it from a copy`)
  if (text.length > FILE_BYTES_MAX) throw wrong('it is too large')
  let document: { readonly format?: unknown; readonly keys?: unknown } | null
  try {
    document = JSON.parse(text) as typeof document
  } catch (cause) {
    throw wrong(messageOf(cause))
  }
  if (document?.format !== FORMAT) throw wrong(`its format is not ${FORMAT}`)
  if (!Array.isArray(document.keys) || document.keys.length > KEY_COUNT_MAX) {
    throw wrong(`it has no list of at most ${KEY_COUNT_MAX} keys`)
  }
  return document.keys.map((entry: unknown, index) => {
    const record = toRecord(entry)
    if (record === null) throw wrong(`keys[${index}] is not whole`)
    return record
  })
}

type Entry = { readonly [name: string]: unknown }

/** null: something of it is missing or of a wrong type. */
function toRecord(value: unknown): KeyRecord | null {
  if (typeof value !== 'object' || value === null) return null
  const { id, name, scopes, sha256, created, expires, revoked } = value as Entry
  const createdMs = toTimeMs(created)
  const expiresMs = expires === null ? null : toTimeMs(expires)
  const revokedMs = revoked === null ? null : toTimeMs(revoked)
  if (typeof id !== 'string' || id.length !== ID_LENGTH || typeof name !== 'string') return null
  if (!Array.isArray(scopes) || !scopes.every(isScope) || scopes.length === 0) return null
  if (typeof sha256 !== 'string' || !/^[0-9a-f]{64}$/.test(sha256)) return null
  if (createdMs === null || (expires !== null && expiresMs === null)) return null
  if (revoked !== null && revokedMs === null) return null
  return { id, name, scopes, sha256, createdMs, expiresMs, revokedMs }
}

function isScope(value: unknown): value is Scope {
  return typeof value === 'string' && Object.hasOwn(SCOPES, value)
}

function toTimeMs(value: unknown): number | null {
  const timeMs = typeof value === 'string' ? Date.parse(value) : Number.NaN
  return Number.isNaN(timeMs) ? null : timeMs
}
