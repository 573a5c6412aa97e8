/**
 * The data directory: what lies where, the secret of the ids, and the note by which commands find
 * the process that holds it.
 */
import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import process from 'node:process'
import type { Catalog } from '../../model/catalog.ts'
import { Fault, messageOf, systemCodeOf } from '../../std/fault.ts'
import { isAlive } from './lock.ts'

export interface DataDir {
  readonly path: string
  readonly log: string
  readonly store: string
  /** Parquet, where the archive is local. */
  readonly lake: string
  /** Folders of the processes of a deployment whose state is elsewhere: see own-folder.ts. */
  readonly scratch: string
  readonly cache: string
  /** Positions of imports that were broken off. */
  readonly imports: string
  /** What of the quarantine was repaired and sent again. */
  readonly repairs: string
  /** The note of the running process. */
  readonly note: string
  /** The key by which commands of this machine get in there. */
  readonly localKey: string
  /** The keys of everybody else. */
  readonly keys: string
  readonly layout: string
  /** Ids of the topics of a Kafka cluster that are counted here. */
  readonly topics: string
  /** The key of the ids: whoever has it can make ids collide. */
  readonly secret: string
}

export interface RunningNote {
  readonly pid: number
  readonly url: string
}

const SECRET_BYTES = 32
const PRIVATE_MODE = 0o600
/** The path ends early, or leads through a file. */
const NOT_THERE = ['ENOENT', 'ENOTDIR']

export function dataDirOf(path: string): DataDir {
  const root = resolve(path)
  return {
    path: root,
    log: join(root, 'log'),
    store: join(root, 'store'),
    lake: join(root, 'lake'),
    scratch: join(root, 'scratch'),
    cache: join(root, 'cache'),
    imports: join(root, 'imports'),
    repairs: join(root, 'repairs'),
    note: join(root, 'weir.json'),
    localKey: join(root, 'local.key'),
    keys: join(root, 'keys.json'),
    layout: join(root, 'layout.json'),
    topics: join(root, 'topics.json'),
    secret: join(root, 'hash.key'),
  }
}

/** Makes the directories. Throws FILE_UNREADABLE where that is not possible. */
export function makeDataDir(directory: DataDir): void {
  try {
    for (const path of [directory.log, directory.store, directory.imports]) makeDirectory(path)
  } catch (cause) {
    throw new Fault(
      'FILE_UNREADABLE',
      `data directory ${directory.path} cannot be made: ${messageOf(cause)}; check --data`,
      { cause },
    )
  }
}

/** With its parents; Node's own `recursive` never ends where a system refuses, as in /proc. */
function makeDirectory(path: string): void {
  if (existsSync(path)) return
  makeDirectory(dirname(path))
  try {
    mkdirSync(path)
  } catch (error) {
    if (systemCodeOf(error) !== 'EEXIST') throw error
  }
}

/** The secret of this directory, made at the first call. */
export function readSecret(directory: DataDir): Uint8Array {
  const known = readIfAny(directory.secret)
  if (known !== null) {
    const secret = Buffer.from(known.trim(), 'hex')
    if (secret.length === SECRET_BYTES) return secret
    throw new Fault(
      'DATA_DIR_MISMATCH',
      `${directory.secret} is damaged; restore it, or move the data directory away`,
    )
  }
  const secret = randomBytes(SECRET_BYTES)
  writeWhole(directory.secret, `${secret.toString('hex')}\n`, PRIVATE_MODE)
  return secret
}

/**
 * What is fixed for as long as a data directory lives: in which partition a user is, and where the
 * offsets that are counted come from.
 */
export interface Layout extends Pick<Catalog, 'partitions' | 'partitioner' | 'topicPrefix'> {
  readonly log: 'segments' | 'kafka'
}

/** Writes down the layout at the first call; later throws DATA_DIR_MISMATCH for another one. */
export function holdLayout(directory: DataDir, layout: Layout): void {
  const known = readIfAny(directory.layout)
  if (known === null) {
    writeFileSync(directory.layout, `${JSON.stringify(layout)}\n`, { flush: true })
    return
  }
  // Before there was a choice, the log was segments.
  const fixed = { log: 'segments', ...(JSON.parse(known) as object) } as Layout
  for (const name of ['partitions', 'partitioner', 'topicPrefix', 'log'] as const) {
    if (fixed[name] === layout[name]) continue
    throw new Fault(
      'DATA_DIR_MISMATCH',
      `${directory.path} was made with ${name} '${fixed[name]}', and the config says ` +
        `'${layout[name]}'; set ${name} to '${fixed[name]}', or name another data directory`,
    )
  }
}

export function writeNote(directory: DataDir, note: RunningNote): void {
  writeWhole(directory.note, `${JSON.stringify(note)}\n`)
}

/** Writes a file aside and renames it: readers, and a crash, see it whole or as it was. */
export function writeWhole(path: string, text: string, mode = 0o666): void {
  const aside = `${path}.new`
  writeFileSync(aside, text, { mode, flush: true })
  renameSync(aside, path)
}

export function removeNote(directory: DataDir): void {
  rmSync(directory.note, { force: true })
  rmSync(directory.localKey, { force: true })
}

/** For its owner's eyes. Good for as long as the process lives that writes it. */
export function writeLocalKey(directory: DataDir, key: string): void {
  writeWhole(directory.localKey, `${key}\n`, PRIVATE_MODE)
}

/** null: there is none, or it is not for this user. */
export function readLocalKey(directory: DataDir): string | null {
  try {
    return readFileSync(directory.localKey, 'utf8').trim()
  } catch {
    return null
  }
}

/** The note of a process that lives; null where there is none. */
export function readNote(directory: DataDir): RunningNote | null {
  const text = readIfAny(directory.note)
  if (text === null) return null
  try {
    const note = JSON.parse(text) as RunningNote
    if (typeof note.pid !== 'number' || typeof note.url !== 'string') return null
    // In a container, one that was killed had the id that this one has now.
    return note.pid !== process.pid && isAlive(note.pid) ? note : null
  } catch {
    return null
  }
}

function readIfAny(path: string): string | null {
  try {
    return readFileSync(path, 'utf8')
  } catch (cause) {
    if (NOT_THERE.includes(systemCodeOf(cause) ?? '')) return null
    throw new Fault('FILE_UNREADABLE', `${path} cannot be read: ${messageOf(cause)}`, { cause })
  }
}
