/**
 * The reading loop: pulls whole batches of several partitions, in turn. A pull begins behind the
 * partition that the last one ended with, gives each partition that has more an even share of the
 * bytes, and hands what one does not use to those after it. The first batch is taken whatever its
 * size, so every pull moves, and every partition comes first again and again.
 */
import type { Fetch } from '../model/record.ts'
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
  const arena = createArena(options.bytesMax)
  const hasMore = (): boolean => isClosed() || cursors.some(cursor => cursor.hasMore)
  let turn = 0
  try {
    for (const cursor of cursors) cursor.assertInRange()
    for (;;) {
      await bell.wait(hasMore, options.waitMsMax, signal)
      if (signal.aborted || isClosed()) return
      const taken = await takeInTurn(cursors, { turn, bytesMax: options.bytesMax, arena })
      turn = taken.turn
      yield taken.fetches
    }
  } finally {
    for (const cursor of cursors) await cursor.close()
  }
}

interface Turn {
  /** Index of the cursor that comes first. */
  readonly turn: number
  readonly bytesMax: number
  readonly arena: Arena
}

async function takeInTurn(
  cursors: readonly Cursor[],
  { turn, bytesMax, arena }: Turn,
): Promise<{ readonly fetches: readonly Fetch[]; readonly turn: number }> {
  arena.reset()
  const ready = toTurns(cursors, turn).filter(({ cursor }) => cursor.hasMore)
  const fetches: Fetch[] = []
  let turnNext = turn
  let room = bytesMax
  let left = ready.length
  for (const { cursor, index } of ready) {
    const firstBytesMax = fetches.length === 0 ? Number.POSITIVE_INFINITY : room
    const fetch = await cursor.take({ firstBytesMax, bytesMax: Math.floor(room / left) }, arena)
    left -= 1
    if (fetch === null) continue
    fetches.push(fetch)
    turnNext = (index + 1) % cursors.length
    room -= fetch.bytes.length
    if (room <= 0) break
  }
  return { fetches, turn: turnNext }
}

function toTurns(
  cursors: readonly Cursor[],
  turn: number,
): readonly { readonly cursor: Cursor; readonly index: number }[] {
  const indexed = cursors.map((cursor, index) => ({ cursor, index }))
  return [...indexed.slice(turn), ...indexed.slice(0, turn)]
}
