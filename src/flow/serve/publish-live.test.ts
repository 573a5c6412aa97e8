/** Commits to a store in memory, and what a client of a real hub is told of them. */
import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import { createServer, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import type { LiveEvent } from '../../live/live.ts'
import { createLive } from '../../live/live.ts'
import { count, defineMetric } from '../../model/metric.ts'
import type { PartialBatch } from '../../model/partial.ts'
import type { MetricPlan } from '../../model/plan.ts'
import type { ShardStep } from '../../model/step.ts'
import type { Clock } from '../../std/clock.ts'
import { createMemoryDisk, openMemoryStore } from '../../store/memory/memory.ts'
import type { RowSketch } from '../../store/steps.ts'
import { plansOf, reject, sold, stepOf, toBatch, totals } from '../../store/steps.ts'
import type { Store } from '../../store/store.ts'
import { WINDOWS_MAX } from './changes.ts'
import { toNews } from './news.ts'
import { createLivePublisher, ROWS_MAX } from './publish-live.ts'

const base = { from: sold, groupBy: ['data.item'], measures: { sales: count() } } as const
const plans = plansOf(
  defineMetric('hourly', { ...base, window: 'hour' }),
  defineMetric('endless', { ...base, window: 'all' }),
  defineMetric('best', { ...base, window: 'hour', top: { by: 'sales', limit: 1 } }),
)
const [hourly, endless, best] = plans as [MetricPlan, MetricPlan, MetricPlan]
const at = (time: string): string => `2026-03-01T${time}:00Z`

interface Stage {
  /** Commits rows; progress comes to `time`. */
  readonly commit: (time: string, ...partials: PartialBatch[]) => Promise<void>
  readonly commitStep: (...shards: readonly Partial<ShardStep>[]) => Promise<void>
  /** Lets a second pass; gives the events that came by its end, without the ledger's. */
  readonly pass: () => Promise<readonly LiveEvent[]>
  /** The ledgers that were told. */
  readonly ledgers: () => readonly LiveEvent[]
  readonly reopen: () => Promise<void>
  breakStore: boolean
}

const open: (() => unknown)[] = []

afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close()
})

async function openStage(): Promise<Stage> {
  const disk = createMemoryDisk()
  let store: Store = openMemoryStore({ plans, shards: 2, disk })
  open.push(() => store[Symbol.asyncDispose]())
  const clock = createSteppedClock()
  const publisher = createLivePublisher({
    plans,
    clock,
    query: question => (stage.breakStore ? closed : store).query(question),
    audit: () => store.audit(),
    logState: async () => ({ bounds: [], oldestMs: new Map(), nowMs: 0 }),
    rejects: question => store.rejects(question),
  })
  const closed = openMemoryStore({ plans, shards: 2 })
  await closed[Symbol.asyncDispose]()
  const hub = createLive({
    clock,
    clientCountMax: 1,
    bufferBytesMax: 1_000_000,
    onConnect: async () => [],
    report: () => undefined,
  })
  const listener = await listen(hub.handle)
  const end = new AbortController()
  const running = publisher.run(hub, end.signal)
  open.push(async () => {
    end.abort()
    await running
    await hub[Symbol.asyncDispose]()
  })
  let seen = 0
  let passCount = 0
  const commitStep: Stage['commitStep'] = async (...shards) => {
    const step = stepOf(...shards)
    publisher.note(toNews(await store.commit(step), step))
  }
  const stage: Stage = {
    breakStore: false,
    commitStep,
    commit: (time, ...partials) => {
      const partitions = [totals({ accepted: 1, timeMs: Date.parse(at(time)) })]
      return commitStep({ partitions, partials })
    },
    pass: async () => {
      await clock.tick()
      // Published in order: when the mark is there, so is all before it.
      passCount += 1
      hub.publish({ id: `mark ${passCount}`, name: 'stale', data: { metric: 'mark' } })
      await expect.poll(() => listener.events().at(-1)?.id).toBe(`mark ${passCount}`)
      const events = listener.events()
      const fresh = events.slice(seen, -1)
      seen = events.length
      return fresh.filter(event => event.name !== 'ledger')
    },
    ledgers: () => listener.events().filter(event => event.name === 'ledger'),
    reopen: async () => {
      await store[Symbol.asyncDispose]()
      store = openMemoryStore({ plans, shards: 2, disk })
      publisher.begin(await store.load())
    },
  }
  return stage
}

/** Sleeps last until the next tick; a tick is over when what it woke is asleep again. */
function createSteppedClock(): Clock & { readonly tick: () => Promise<void> } {
  let sleepers: (() => void)[] = []
  return {
    now: () => 0,
    monotonic: () => 0,
    sleep: (_, signal) =>
      new Promise(resolve => {
        sleepers.push(resolve)
        signal.addEventListener('abort', () => resolve())
      }),
    tick: async () => {
      const woken = sleepers
      sleepers = []
      for (const wake of woken) wake()
      await expect.poll(() => sleepers.length).toBe(woken.length)
    },
  }
}

async function listen(
  handle: Parameters<typeof createServer>[1] & object,
): Promise<{ readonly events: () => readonly LiveEvent[] }> {
  const server = createServer(handle).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const sent = request({ port, host: '127.0.0.1', path: '/v1/live' }).end()
  sent.on('error', () => undefined)
  const [response] = (await once(sent, 'response')) as [IncomingMessage]
  let text = ''
  response.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk
  })
  response.on('error', () => undefined)
  open.push(() => {
    sent.destroy()
    server.closeAllConnections()
    server.close()
  })
  const toEvent = (block: string): LiveEvent => {
    const [id, name, data] = block.split('\n').map(line => line.slice(line.indexOf(': ') + 2))
    return { id, name, data: JSON.parse(data ?? '') } as LiveEvent
  }
  const blocks = (): readonly string[] => text.split('\n\n').slice(0, -1)
  return {
    events: () =>
      blocks()
        .filter(block => block.startsWith('id: '))
        .map(toEvent),
  }
}

const sale = (time: string, item: string, sales = 1): RowSketch => ({
  time: at(time),
  key: [item],
  events: sales,
  values: { sales },
})

/** What a client is told of windows, as `hourly 12:00 a 3 open 0 0`. */
function told(events: readonly LiveEvent[]): readonly string[] {
  return events.flatMap(event => {
    if (event.name === 'stale') return [`${event.data.metric} stale`]
    if (event.name !== 'result') return [event.name]
    const { metric, windows, rows } = event.data
    const short = (start: string | null): string => start?.slice(11, 16) ?? 'all'
    const lines = rows.map(row => {
      const { key, values, status, revision, late } = row
      const place = `${short(row.window_start)} ${key['item']}`
      return `${metric} ${place} ${Number(values['sales'])} ${status} ${revision} ${late}`
    })
    return [`${metric} [${windows.map(short).join()}]`, ...lines]
  })
}

test('a commit is told once, by the windows that it changed', async () => {
  const stage = await openStage()
  await stage.commit('12:00', toBatch(hourly, [sale('11:10', 'a'), sale('09:00', 'a')]))
  await stage.pass()
  await stage.commit('12:05', toBatch(hourly, [sale('12:05', 'b', 2), sale('12:06', 'a')]))
  await stage.commit('12:06', toBatch(hourly, [sale('12:00', 'b', 3)]))
  expect(told(await stage.pass())).toEqual([
    'hourly [12:00]',
    'hourly 12:00 a 1 open 0 0',
    'hourly 12:00 b 5 open 0 0',
  ])
  expect(await stage.pass()).toEqual([])
})

test('a window that becomes final without an event is told', async () => {
  const stage = await openStage()
  await stage.commit('11:30', toBatch(hourly, [sale('11:10', 'a')]))
  await stage.pass()
  await stage.commit('12:09', toBatch(hourly, [sale('12:01', 'a')]))
  expect(told(await stage.pass())).toEqual(['hourly [12:00]', 'hourly 12:00 a 1 open 0 0'])
  await stage.commit('12:10')
  expect(told(await stage.pass())).toEqual([
    'hourly [11:00]',
    'hourly 11:00 a 1 final 0 0',
    'best [11:00]',
  ])
})

test('a late event is told with its revision, and nothing between is', async () => {
  const stage = await openStage()
  const rows = Array.from({ length: 20 }, (_, hour) =>
    sale(`${String(hour).padStart(2, '0')}:00`, 'a'),
  )
  await stage.commit('20:00', toBatch(hourly, rows))
  await stage.pass()
  const late = [toBatch(hourly, [sale('03:20', 'a', 2)]), toBatch(hourly, [sale('03:40', 'a')])]
  await stage.commitStep(
    { partials: [...late, toBatch(hourly, [sale('20:01', 'a')])] },
    { shard: 1, partials: [toBatch(hourly, [sale('03:20', 'b', 4)])] },
  )
  expect(told(await stage.pass())).toEqual([
    'hourly [03:00,20:00]',
    'hourly 03:00 a 4 revised 1 3',
    'hourly 03:00 b 4 revised 1 4',
    'hourly 20:00 a 1 open 0 0',
  ])
})

test('the window of `all`, and a top that loses a row, are told whole', async () => {
  const stage = await openStage()
  const first = [sale('12:00', 'a', 2), sale('12:00', 'b')]
  await stage.commit('12:00', toBatch(endless, first), toBatch(best, first))
  await stage.pass()
  const second = [sale('12:01', 'b', 5)]
  await stage.commit('12:01', toBatch(endless, second), toBatch(best, second))
  expect(told(await stage.pass())).toEqual([
    'endless [all]',
    'endless all a 2 open 0 0',
    'endless all b 6 open 0 0',
    'best [12:00]',
    'best 12:00 b 6 open 0 0',
  ])
})

test('where time had not begun, all that was told may have become final', async () => {
  const stage = await openStage()
  const behind = [totals({ accepted: 1, atEnd: false })]
  await stage.commitStep({ partitions: behind, partials: [toBatch(endless, [sale('12:00', 'a')])] })
  expect(told(await stage.pass())).toEqual(['endless [all]', 'endless all a 1 open 0 0'])
  await stage.commit('12:00')
  expect(told(await stage.pass())).toEqual(['hourly stale', 'best stale'])
})

test('too many windows, or rows, are told as stale', async () => {
  const stage = await openStage()
  await stage.commit('12:00')
  await stage.pass()
  const days = Array.from({ length: WINDOWS_MAX + 1 }, (_, day) => ({
    ...sale('12:00', 'a'),
    time: new Date(Date.parse(at('12:00')) - day * 86_400_000).toISOString(),
  }))
  const many = Array.from({ length: ROWS_MAX + 1 }, (_, item) => sale('12:00', `item ${item}`))
  await stage.commit('12:00', toBatch(hourly, days), toBatch(endless, many), toBatch(best, many))
  expect(told(await stage.pass())).toEqual([
    'hourly stale',
    'endless stale',
    'best [12:00]',
    'best 12:00 item 0 1 open 0 0',
  ])
  // As after an import, when time jumps by years.
  const partitions = [totals({ accepted: 1, timeMs: Date.parse('2027-01-01T00:00:00Z') })]
  await stage.commitStep({ partitions })
  expect(told(await stage.pass())).toEqual(['hourly stale', 'best stale'])
})

test('what could not be told is told later, rejects too', async () => {
  const stage = await openStage()
  await stage.commit('12:00')
  await stage.pass()
  stage.breakStore = true
  await stage.commitStep({
    rejects: [reject(1)],
    partials: [toBatch(hourly, [sale('12:00', 'a')])],
  })
  expect(await stage.pass()).toEqual([])
  await stage.commit('12:01', toBatch(hourly, [sale('13:00', 'a')]))
  expect(await stage.pass()).toEqual([])
  stage.breakStore = false
  expect(told(await stage.pass())).toEqual([
    'hourly [12:00,13:00]',
    'hourly 12:00 a 1 open 0 0',
    'hourly 13:00 a 1 open 0 0',
    'rejects',
  ])
})

test('of rejects it is told where and why, and nothing that was sent', async () => {
  const stage = await openStage()
  const value = Buffer.from('"ada@shop.example"')
  await stage.commitStep({ rejects: [reject(7, { value })] })
  const [event] = (await stage.pass()).filter(({ name }) => name === 'rejects')
  expect(event?.data).toMatchObject({ rejects: [{ topic: 'sold', offset: 7, code: 'not_json' }] })
  expect(JSON.stringify(event)).not.toContain('ada')
})

test('the ledger is told whenever anything was committed', async () => {
  const stage = await openStage()
  await stage.commitStep({ partitions: [totals({ accepted: 2, duplicate: 3 })] })
  await stage.pass()
  await stage.pass()
  const data = { balanced: true, accepted: 2, duplicate: 3, invalid: 0, lag: 0, progress: null }
  expect(stage.ledgers()).toEqual([{ id: '1', name: 'ledger', data }])
})

test('after opening again it is known what was final before', async () => {
  const stage = await openStage()
  await stage.commit('11:30', toBatch(hourly, [sale('10:10', 'a'), sale('09:10', 'a')]))
  await stage.pass()
  await stage.reopen()
  await stage.commit('11:31')
  expect(await stage.pass()).toEqual([])
  await stage.commit('12:10')
  expect(told(await stage.pass())).toEqual(['hourly [11:00]', 'best [11:00]'])
})
