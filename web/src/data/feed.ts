/**
 * The feed keeps the board up to date: it reads everything once, then merges what the server tells
 * over `/v1/live`. Where that connection fails, or there is none, it reads every few seconds instead,
 * says so, and tries to connect again. Nothing here knows a browser: the outside comes in as ports.
 */
import type { Board, Link, Part } from './board.ts'
import { applyResult, EMPTY_BOARD } from './board.ts'
import type { Get } from './read.ts'
import { readAudit, readBoard } from './read.ts'
import type { After, Timers } from './timers.ts'
import { createTimers } from './timers.ts'
import { parseResultChange } from './wire.ts'

/**
 * Where there is no stream, nothing but the ledger is read while that is the same; all of it at
 * every so many readings, since a rebuild changes rows and not the ledger.
 */
export const READS_PER_WHOLE = 20
/** A connection that is not open by then is given up. */
export const CONNECT_MS_MAX = 8_000
/** Readings without a connection between two attempts to connect. */
const POLLS_PER_ATTEMPT = 5
/** All is read again so often beside a live connection: one that is silent may be dead. */
export const RESYNC_MS = 30_000
/** All is read again at most so often when the server tells that more changed than it tells. */
export const STALE_MS_MIN = 5_000
/** The ledger is read again at most so often when the server tells that it moved. */
export const AUDIT_MS_MIN = 2_000

export type LiveEvent = 'result' | 'stale' | 'ledger' | 'reset'

export interface Listener {
  opened(): void
  received(event: LiveEvent, data: string): void
  /** The connection is lost; nothing is told after this. */
  lost(): void
}

export interface Ports {
  readonly get: Get
  /** Connects to `/v1/live`; the answer closes the connection. null: there is none. */
  readonly listen: ((listener: Listener) => () => void) | null
  /** How long after a failure, or a reading without a connection, all is read again. */
  readonly pollMs: number
  /** Whether nobody looks: nothing is read again meanwhile. */
  readonly isHidden: () => boolean
  readonly now: () => number
  readonly after: After
}

export interface Feed {
  /** Reads and connects at once, as when a person asks for it. */
  retry(): void
  /** Reads at once if nothing tells of changes, as when a person comes back. */
  look(): void
  close(): void
}

/** Starts at once; `publish` gets each new board. */
export function startFeed(ports: Ports, publish: (board: Board) => void): Feed {
  const feed = new LiveFeed(ports, publish)
  feed.retry()
  return feed
}

class LiveFeed implements Feed {
  readonly #ports: Ports
  readonly #publish: (board: Board) => void
  readonly #timers: Timers
  #board = EMPTY_BOARD
  #closed = false
  #open = false
  /** Ends the connection, open or on its way; null: there is none. */
  #hangUp: (() => void) | null = null
  #pollCount = 0
  #readCount = 0
  #answeredAtMs: number | null = null
  /** What came while everything was being read, to be merged after it; null: nothing is read. */
  #held: (() => void)[] | null = null
  #readAgain = false
  /** The ledger as of the last reading of everything. */
  #auditRead: unknown = null

  constructor(ports: Ports, publish: (board: Board) => void) {
    this.#ports = ports
    this.#publish = publish
    this.#timers = createTimers(ports.after)
  }

  retry(): void {
    this.#update({ ...this.#board, link: { kind: 'connecting' } })
    this.#readCount = 0
    if (!this.#open) this.#connect()
    void this.#readAll()
  }

  look(): void {
    if (!this.#open && this.#hangUp === null) void this.#readAll()
  }

  close(): void {
    this.#closed = true
    this.#disconnect()
    this.#timers.clearAll()
  }

  #connect(): void {
    this.#disconnect()
    if (this.#ports.listen === null) return
    this.#hangUp = this.#ports.listen({
      opened: () => this.#opened(),
      received: (event, data) => this.#received(event, data),
      lost: () => this.#lost(),
    })
    this.#timers.set('connect', CONNECT_MS_MAX, () => this.#lost())
  }

  #disconnect(): void {
    this.#hangUp?.()
    this.#hangUp = null
    this.#open = false
    this.#timers.clear('connect')
    this.#timers.clear('resync')
  }

  #opened(): void {
    if (this.#closed) return
    this.#open = true
    this.#pollCount = 0
    this.#timers.clear('connect')
    this.#timers.clear('poll')
    void this.#readAll() // what changed before this is not told
  }

  #lost(): void {
    if (this.#closed) return
    this.#disconnect()
    void this.#readAll()
  }

  #received(event: LiveEvent, data: string): void {
    if (this.#closed) return
    if (this.#held === null) this.#merge(event, data)
    else this.#held.push(() => this.#merge(event, data))
  }

  #merge(event: LiveEvent, data: string): void {
    if (event === 'ledger') {
      this.#timers.setOnce('audit', AUDIT_MS_MIN, () => void this.#readAudit())
      return
    }
    if (event === 'stale') {
      this.#timers.setOnce('stale', STALE_MS_MIN, () => void this.#readAll())
      return
    }
    const board = event === 'reset' ? null : applyChange(this.#board, data)
    if (board === null) void this.#readAll()
    else this.#update(board)
  }

  async #readAudit(): Promise<void> {
    const audit = await readAudit(this.#ports.get, this.#board)
    this.#update({ ...this.#board, audit })
  }

  async #readAll(): Promise<void> {
    if (this.#held !== null) {
      this.#readAgain = true
      return
    }
    const held: (() => void)[] = []
    this.#held = held
    const isWhole = this.#ports.listen !== null || this.#readCount % READS_PER_WHOLE === 0
    this.#readCount += 1
    const known = isWhole ? null : this.#auditRead
    const { board, failure } = await readBoard(this.#ports.get, this.#board, known)
    this.#held = null
    if (this.#closed) return
    if (failure === null) this.#answeredAtMs = this.#ports.now()
    else this.#disconnect()
    this.#auditRead = failure === null && isSound(board) ? toValue(board.audit) : null
    this.#update({ ...board, link: this.#linkAfter(failure) })
    for (const merge of held) merge()
    this.#plan()
  }

  #linkAfter(failure: string | null): Link {
    if (failure !== null) return { kind: 'stale', atMs: this.#answeredAtMs, message: failure }
    if (this.#open) return { kind: 'live' }
    if (this.#hangUp !== null) return { kind: 'connecting' }
    return { kind: 'polling', atMs: this.#ports.now() }
  }

  #plan(): void {
    if (this.#readAgain) {
      this.#readAgain = false
      void this.#readAll()
    } else if (this.#open) {
      this.#timers.set('resync', RESYNC_MS, () => void this.#readAll())
    } else if (this.#hangUp === null) {
      this.#timers.set('poll', this.#ports.pollMs, () => this.#poll())
    }
  }

  #poll(): void {
    if (this.#ports.isHidden()) {
      this.#plan()
      return
    }
    this.#pollCount += 1
    const isStale = this.#board.link.kind === 'stale'
    if (isStale || this.#pollCount % POLLS_PER_ATTEMPT === 0) this.#connect()
    void this.#readAll()
  }

  #update(board: Board): void {
    if (this.#closed || board === this.#board) return
    this.#board = board
    this.#publish(board)
  }
}

/** Whether every part was read, and none is older than the rest. */
function isSound({ metrics, audit }: Board): boolean {
  const parts: readonly Part<unknown>[] = [...Object.values(metrics), audit]
  return parts.every(part => part.kind === 'ready' && part.problem === null)
}

function toValue(part: Part<unknown>): unknown {
  return part.kind === 'ready' ? part.value : null
}

/** The board after a change; null: what it told cannot be read, so that all is to be asked for. */
function applyChange(board: Board, data: string): Board | null {
  try {
    return applyResult(board, parseResultChange(JSON.parse(data)))
  } catch {
    return null
  }
}
