/**
 * The reading loop: pulls whole batches of several partitions. A pull takes what is left of those
 * that are nearly read, so that a busy partition takes nothing from a quiet one, and a long run of
 * one that is not: a long run is digested faster than short ones of many. Every partition comes
 * first again and again; the first batch is taken whatever its size, so every pull moves.
 *
 * While there is much to read, the next pull is read while the last one is digested.
 */
import type { Fetch } from '../model/record.ts'
import { KIB } from '../std/units.ts'
import { type Arena, createArena } from './arena.ts'
import type { Bell } from './bell.ts'
import type { ReadOptions } from './log.ts'
import type { Cursor } from './partition.ts'

export interface PullContext {
  readonly bell: Bell
  /** Whether the log is closed: readers end then. */
  readonly isClosed: () => boolean
  readonly signal: AbortSignal
}

/** Pulls from the cursors, which it closes in the end. */
export async function* pull(
  cursors: readonly Cursor[],
  options: ReadOptions,
  { bell, isClosed, signal }: PullContext,
): AsyncGenerator<readonly Fetch[], void> {
  let arena = createArena(options.bytesMax)
  // What was given out stays as it is while the next pull is read ahead.
  let other = createArena(options.bytesMax)
  const hasMore = (): boolean => cursors.some(cursor => cursor.hasMore)
  let turn: Turn = { first: 0, long: 0 }
  const take = (): Promise<readonly Fetch[]> => {
    const choice = choose(cursors, turn)
    turn = choice.turnNext
    return takeAll(choice, options.bytesMax, arena)
  }
  let ahead: Promise<readonly Fetch[]> | null = null
  try {
    for (const cursor of cursors) cursor.assertInRange()
    for (;;) {
      if (ahead === null) {
        await bell.wait(() => isClosed() || hasMore(), options.waitMsMax, signal)
      }
      if (signal.aborted || isClosed()) return
      const fetches: readonly Fetch[] = await (ahead ?? take())
      ahead = null
      if (isMuch(fetches, options) && hasMore()) {
        ;[arena, other] = [other, arena]
        ahead = take()
        // What it throws is thrown when it is asked for.
        ahead.catch(() => undefined)
      }
      yield fetches
    }
  } finally {
    await ahead?.catch(() => undefined)
    for (const cursor of cursors) await cursor.close()
  }
}

/** Less than this is read in no time, and a reader of one batch at a time may want no more. */
const AHEAD_BYTES_MIN: number = 512 * KIB

/** So much that there is surely more, and worth memory of its own. */
function isMuch(fetches: readonly Fetch[], { bytesMax }: ReadOptions): boolean {
  const size = fetches.reduce((sum, { bytes }) => sum + bytes.length, 0)
  return size >= Math.max(bytesMax / 2, AHEAD_BYTES_MIN)
}

/** Indices of cursors. */
interface Turn {
  /** Comes first. */
  readonly first: number
  /** Has the next long run. */
  readonly long: number
}

interface Choice {
  /** In the order of reading. */
  readonly cursors: readonly Cursor[]
  /** The one of them that has a long run; null: all have little left. */
  readonly long: Cursor | null
  readonly turnNext: Turn
}

/** A partition with more records left than this waits for its turn. */
const SHORT_RECORDS_MAX = 256

function choose(cursors: readonly Cursor[], turn: Turn): Choice {
  const [first, ...others] = toTurns(cursors, turn.first).filter(({ cursor }) => cursor.hasMore)
  if (first === undefined) return { cursors: [], long: null, turnNext: turn }
  const next = toTurns(cursors, turn.long).find(isLong) ?? null
  const long = isLong(first) ? first : next
  const order = [first, ...others.filter(one => !isLong(one))]
  if (long !== null && long !== first) order.push(long)
  return {
    cursors: order.map(({ cursor }) => cursor),
    long: long?.cursor ?? null,
    turnNext: { first: after(first, cursors), long: long === null ? 0 : after(long, cursors) },
  }
}

async function takeAll(
  { cursors, long }: Choice,
  bytesMax: number,
  arena: Arena,
): Promise<readonly Fetch[]> {
  arena.reset()
  const fetches: Fetch[] = []
  let room = bytesMax
  let left = cursors.length
  for (const cursor of cursors) {
    const firstBytesMax = fetches.length === 0 ? Number.POSITIVE_INFINITY : room
    const share = Math.floor(room / (cursor === long ? Math.min(left, 2) : left))
    const fetch = await cursor.take({ firstBytesMax, bytesMax: share }, arena)
    left -= 1
    if (fetch === null) continue
    fetches.push(fetch)
    room -= fetch.bytes.length
    if (room <= 0) break
  }
  return fetches
}

interface Placed {
  readonly cursor: Cursor
  readonly index: number
}

function toTurns(cursors: readonly Cursor[], turn: number): readonly Placed[] {
  const placed = cursors.map((cursor, index) => ({ cursor, index }))
  return [...placed.slice(turn), ...placed.slice(0, turn)]
}

function isLong({ cursor }: Placed): boolean {
  return cursor.recordsLeft > SHORT_RECORDS_MAX
}

function after({ index }: Placed, cursors: readonly Cursor[]): number {
  return (index + 1) % cursors.length
}
