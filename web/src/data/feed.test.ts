import { describe, expect, test } from 'vitest'
import { samplePartition } from '../../../src/api/ledger.fixture.ts'
import type { ResultRow } from '../../../src/model/result.ts'
import type { Board } from './board.ts'
import { EMPTY_BOARD, isUntouched } from './board.ts'
import type { Feed, Listener, LiveEvent } from './feed.ts'
import {
  AUDIT_MS_MIN,
  CONNECT_MS_MAX,
  READS_PER_WHOLE,
  RESYNC_MS,
  STALE_MS_MIN,
  startFeed,
} from './feed.ts'
import { sampleRow } from './sample.ts'

const POLL_MS = 3_000

interface Stage {
  readonly feed: Feed
  readonly board: () => Board
  /** What the server will answer. */
  rows: ResultRow[]
  consumed: number
  isDown: boolean
  isBroken: string | null
  isHidden: boolean
  /** Connections that are not closed. */
  readonly lines: Listener[]
  readonly asked: string[]
  readonly tell: (event: LiveEvent, data: unknown) => void
  /** Runs what is due within so long, then all that follows from it. */
  readonly pass: (durationMs: number) => Promise<void>
}

const settle = (): Promise<void> => new Promise(resolve => setImmediate(resolve))

interface Change extends Partial<Pick<Stage, 'isDown' | 'isBroken'>> {
  readonly hasStream?: boolean
}

async function openStage(change: Change = {}): Promise<Stage> {
  let board = EMPTY_BOARD
  let nowMs = 0
  const timers: { readonly atMs: number; readonly call: () => void }[] = []
  const lines: Listener[] = []
  const asked: string[] = []
  let answered: { readonly count: number; readonly audit: object } | null = null
  const get = async (path: string): Promise<unknown> => {
    asked.push(path)
    await settle()
    if (stage.isDown) throw new Error('the server does not answer')
    if (stage.isBroken !== null && path.includes(stage.isBroken)) throw new Error('being rebuilt')
    const count = stage.consumed
    const line = { consumed: count, accepted: count, applied: count, offset_next: count }
    if (path === 'v1/audit') {
      // What did not change is the very same value, as the client gives it.
      if (answered?.count !== count) {
        const partitions = [samplePartition(line)]
        answered = { count, audit: { balanced: true, progress: null, lag: 0, partitions } }
      }
      return answered.audit
    }
    return { metric: 'm', zone: 'UTC', rows: stage.rows, next: null }
  }
  const stage = {
    rows: [] as ResultRow[],
    consumed: 10,
    isDown: change.isDown ?? false,
    isBroken: change.isBroken ?? null,
    isHidden: false,
    lines,
    asked,
    board: () => board,
    tell: (event: LiveEvent, data: unknown) => lines.at(-1)?.received(event, JSON.stringify(data)),
    pass: async (durationMs: number) => {
      nowMs += durationMs
      const due = timers.filter(timer => timer.atMs <= nowMs)
      for (const timer of due) {
        if (timers.includes(timer)) timers.splice(timers.indexOf(timer), 1)
        timer.call()
      }
      for (let round = 0; round < 20; round += 1) await settle()
    },
  }
  const listen = (listener: Listener): (() => void) => {
    lines.push(listener)
    return () => void (lines.includes(listener) && lines.splice(lines.indexOf(listener), 1))
  }
  const feed = startFeed(
    {
      get,
      listen: change.hasStream === false ? null : listen,
      pollMs: POLL_MS,
      isHidden: () => stage.isHidden,
      now: () => nowMs,
      after: (delayMs, call) => {
        const timer = { atMs: nowMs + delayMs, call }
        timers.push(timer)
        return () => void (timers.includes(timer) && timers.splice(timers.indexOf(timer), 1))
      },
    },
    next => {
      board = next
    },
  )
  await stage.pass(0)
  return Object.assign(stage, { feed })
}

async function openLiveStage(): Promise<Stage> {
  const stage = await openStage()
  stage.lines.at(-1)?.opened()
  await stage.pass(0)
  return stage
}

function minutesOf(board: Board): readonly ResultRow[] {
  const part = board.metrics.events_per_minute
  return part.kind === 'ready' ? part.value.rows : []
}

const row = sampleRow({ at: '10:15', key: { event_type: 'search' }, values: { events: 3 } })
const changed = { metric: 'events_per_minute', windows: [row.window_start], rows: [row] }

describe('with a connection', () => {
  test('all is read, then changes are merged', async () => {
    const stage = await openLiveStage()
    expect(stage.board().link.kind).toBe('live')
    stage.tell('result', changed)
    expect(minutesOf(stage.board())).toEqual([row])
  })

  test('a change that comes while all is read is merged after it', async () => {
    const stage = await openLiveStage()
    stage.rows = [{ ...row, values: { events: 2 } }]
    stage.tell('reset', {})
    stage.tell('result', changed)
    expect(minutesOf(stage.board())).toEqual([])
    await stage.pass(0)
    expect(minutesOf(stage.board())).toEqual([row])
  })

  test('what cannot be read is asked for', async () => {
    const stage = await openLiveStage()
    stage.rows = [row]
    stage.lines.at(-1)?.received('result', '{"metric":')
    await stage.pass(0)
    expect(minutesOf(stage.board())).toEqual([row])
  })

  test('a metric that is not shown changes nothing', async () => {
    const stage = await openLiveStage()
    const before = stage.board()
    stage.tell('result', { ...changed, metric: 'toString' })
    expect(stage.board()).toBe(before)
  })

  test('the ledger is asked for once, however often it moves', async () => {
    const stage = await openLiveStage()
    stage.asked.length = 0
    for (const consumed of [11, 12, 13]) {
      stage.consumed = consumed
      stage.tell('ledger', {})
    }
    await stage.pass(AUDIT_MS_MIN)
    expect(stage.asked).toEqual(['v1/audit'])
    expect(stage.board().audit).toMatchObject({ value: { partitions: [{ consumed: 13 }] } })
  })

  test('all is read again, once, when more changed than is told', async () => {
    const stage = await openLiveStage()
    stage.asked.length = 0
    stage.rows = [row]
    for (const metric of ['searches', 'searches', 'events_per_minute']) {
      stage.tell('stale', { metric })
    }
    await stage.pass(STALE_MS_MIN)
    expect(stage.asked.filter(path => path === 'v1/audit')).toHaveLength(1)
    expect(minutesOf(stage.board())).toEqual([row])
  })

  test('all is read again now and then', async () => {
    const stage = await openLiveStage()
    stage.rows = [row]
    await stage.pass(RESYNC_MS)
    expect(minutesOf(stage.board())).toEqual([row])
  })
})

describe('without a connection', () => {
  test('all is read every few seconds, and it connects again', async () => {
    const stage = await openLiveStage()
    stage.lines.at(-1)?.lost()
    await stage.pass(0)
    expect(stage.board().link.kind).toBe('polling')
    stage.rows = [row]
    await stage.pass(POLL_MS)
    expect(minutesOf(stage.board())).toEqual([row])
    for (let poll = 0; poll < 5; poll += 1) await stage.pass(POLL_MS)
    expect(stage.lines).toHaveLength(1)
    stage.lines.at(-1)?.opened()
    await stage.pass(0)
    expect(stage.board().link.kind).toBe('live')
  })

  test('one that never opens is given up', async () => {
    const stage = await openStage()
    expect(stage.board().link.kind).toBe('connecting')
    await stage.pass(CONNECT_MS_MAX)
    expect(stage.board().link.kind).toBe('polling')
    expect(stage.lines).toHaveLength(0)
  })

  test('what is known stays and is called stale, until the server is back', async () => {
    const stage = await openLiveStage()
    stage.tell('result', changed)
    stage.isDown = true
    stage.lines.at(-1)?.lost()
    await stage.pass(0)
    expect(stage.board().link).toMatchObject({ kind: 'stale', atMs: 0 })
    expect(minutesOf(stage.board())).toEqual([row])
    stage.isDown = false
    await stage.pass(POLL_MS)
    expect(stage.lines).toHaveLength(1)
    stage.lines.at(-1)?.opened()
    await stage.pass(0)
    expect(stage.board().link.kind).toBe('live')
  })

  test('a server that never answered is told as such, and asked again', async () => {
    const stage = await openStage({ isDown: true })
    expect(stage.board().link).toMatchObject({ kind: 'stale', atMs: null })
    expect(stage.board().audit.kind).toBe('loading')
    stage.isDown = false
    stage.feed.retry()
    await stage.pass(0)
    expect(stage.board().audit.kind).toBe('ready')
  })
})

test('one part that cannot be read harms no other', async () => {
  const stage = await openStage({ isBroken: 'searches' })
  expect(stage.board().metrics.searches).toEqual({ kind: 'failed', message: 'being rebuilt' })
  expect(stage.board().metrics.sales_daily.kind).toBe('ready')
})

test('a part that was read once keeps its value beside the problem', async () => {
  const stage = await openLiveStage()
  const before = stage.board().metrics.searches
  stage.isBroken = 'searches'
  await stage.pass(RESYNC_MS)
  expect(stage.board().metrics.searches).toEqual({ ...before, problem: 'being rebuilt' })
})

test('a shop where nothing happened yet is known from one that was not read', async () => {
  const stage = await openStage()
  expect(isUntouched(stage.board())).toBe(false)
  stage.consumed = 0
  stage.feed.retry()
  await stage.pass(0)
  expect(isUntouched(stage.board())).toBe(true)
  expect(isUntouched(EMPTY_BOARD)).toBe(false)
})

test('nothing is told after the end', async () => {
  const stage = await openLiveStage()
  const before = stage.board()
  stage.feed.close()
  expect(stage.lines).toEqual([])
  await stage.pass(RESYNC_MS)
  expect(stage.board()).toBe(before)
})

describe('without a stream', () => {
  test('all is read again only where the ledger moved, or after many readings', async () => {
    const stage = await openStage({ hasStream: false })
    expect(stage.board().link.kind).toBe('polling')
    stage.asked.length = 0
    await stage.pass(POLL_MS)
    expect(stage.asked).toEqual(['v1/audit'])
    stage.consumed += 1
    stage.rows = [row]
    await stage.pass(POLL_MS)
    expect(minutesOf(stage.board())).toEqual([row])
    expect(stage.lines).toEqual([])
    // A rebuild: other rows, and the same ledger.
    stage.rows = [{ ...row, values: { events: 9 } }]
    for (let poll = 2; poll < READS_PER_WHOLE; poll += 1) await stage.pass(POLL_MS)
    expect(minutesOf(stage.board())).toEqual(stage.rows)
  })

  test('a part that could not be read is asked for again, whatever the ledger says', async () => {
    const stage = await openStage({ hasStream: false, isBroken: 'searches' })
    stage.isBroken = null
    await stage.pass(POLL_MS)
    expect(stage.board().metrics.searches.kind).toBe('ready')
  })

  test('nothing is asked while nobody looks, and at once when somebody does', async () => {
    const stage = await openStage({ hasStream: false })
    stage.asked.length = 0
    stage.isHidden = true
    for (let poll = 0; poll < 3; poll += 1) await stage.pass(POLL_MS)
    expect(stage.asked).toEqual([])
    stage.isHidden = false
    stage.feed.look()
    await stage.pass(0)
    expect(stage.asked).toEqual(['v1/audit'])
  })
})
