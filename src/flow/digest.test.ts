/** The digest over a log and a store in memory, with commits that fail in every way there is. */
import { afterEach, expect, test } from 'vitest'
import type { EventLog } from '../log/log.ts'
import { openMemoryLog } from '../log/memory/memory-log.ts'
import type { Catalog } from '../model/catalog.ts'
import { createCatalog, shardsOf, topicsOf } from '../model/catalog.ts'
import { planMetrics } from '../model/plan.ts'
import type { NewRecord } from '../model/record.ts'
import { SHOP_EVENTS } from '../model/shop-events.ts'
import { SHOP_METRICS } from '../model/shop-metrics.ts'
import { toUtf8 } from '../std/bytes.ts'
import { createSystemClock } from '../std/clock.ts'
import { Fault } from '../std/fault.ts'
import { createOutage } from '../std/outage.ts'
import { createMemoryDisk, openMemoryStore } from '../store/memory/memory.ts'
import type { Store } from '../store/store.ts'
import { runDigest } from './digest.ts'

const catalog: Catalog = createCatalog({
  events: SHOP_EVENTS,
  topicPrefix: '',
  currency: 'USD',
  dedupDays: 1,
  futureSkewMs: Number.MAX_SAFE_INTEGER,
  eventAgeMsMax: null,
  partitions: 2,
  partitioner: 'murmur2',
})
const plans = planMetrics(SHOP_METRICS, catalog, { zone: 'UTC', graceMs: 600_000 })
const clock = createSystemClock()
const ROW = { fromMs: null, toMs: null, limit: 1_000, cursor: null }

/** What becomes of a commit: it is done; not done; done, but it looks as if it were not. */
type Fate = 'done' | 'refused' | 'uncertain'

interface Stage {
  readonly log: EventLog
  /** Fates of the next commits; beyond them all are done. */
  readonly fates: Fate[]
  readonly outages: (string | null)[]
  readonly drain: AbortController
  readonly stop: AbortController
  /** Called before the digest learns where the log ends. */
  onBounds: () => void | Promise<void>
  /** Called when a commit begins. */
  onCommit: () => void | Promise<void>
  openCount: number
  /** Called when a pull was digested, with how many fetches it had. */
  onPull: (fetchCount: number) => void
  commitMs: number
  /** How long the log waits for records; null: as it is asked to. */
  waitMsMax: number | null
  commitCount: number
  attemptCount: number
  run(): Promise<void>
  /** What the store holds. */
  read(): Promise<unknown>
}

const open: (() => unknown)[] = []

afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close()
})

async function openStage(): Promise<Stage> {
  const log = await openMemoryLog({ topics: topicsOf(catalog), partitions: 2, clock })
  open.push(() => log[Symbol.asyncDispose]())
  const disk = createMemoryDisk()
  const openStore = async (): Promise<Store> => openMemoryStore({ plans, shards: 2, disk })
  const outage = createOutage(fault => stage.outages.push(fault?.code ?? null))
  const stage: Stage = {
    log,
    fates: [],
    outages: [],
    drain: new AbortController(),
    stop: new AbortController(),
    onBounds: () => undefined,
    onCommit: () => undefined,
    openCount: 0,
    commitCount: 0,
    attemptCount: 0,
    commitMs: 2,
    waitMsMax: null,
    onPull: () => undefined,
    run: () =>
      runDigest({
        log: {
          ...log,
          read: async function* (positions, options, signal) {
            const waitMsMax = stage.waitMsMax ?? options.waitMsMax
            for await (const fetches of log.read(positions, { ...options, waitMsMax }, signal)) {
              yield fetches
              stage.onPull(fetches.length)
            }
          },
          bounds: async signal => {
            await stage.onBounds()
            return await log.bounds(signal)
          },
        },
        openStore: async () => {
          stage.openCount += 1
          return withFates(await openStore(), stage)
        },
        catalog,
        plans,
        secret: new Uint8Array(32),
        idsMemoryMax: 1 << 20,
        commitMs: stage.commitMs,
        clock,
        shards: shardsOf(catalog),
        onCommit: () => {
          stage.commitCount += 1
        },
        outage,
        drain: stage.drain.signal,
        signal: stage.stop.signal,
      }),
    read: async () => {
      await using store = await openStore()
      const metrics = await Promise.all(
        plans.map(({ name }) => store.query({ ...ROW, metric: name })),
      )
      return { metrics, ledger: await store.audit() }
    },
  }
  return stage
}

function withFates(store: Store, stage: Stage): Store {
  return {
    load: () => store.load(),
    query: question => store.query(question),
    rows: question => store.rows(question),
    swap: swap => store.swap(swap),
    audit: () => store.audit(),
    rejects: question => store.rejects(question),
    commit: async step => {
      await stage.onCommit()
      stage.attemptCount += 1
      const fate = stage.fates.shift() ?? 'done'
      if (fate === 'refused') throw new Fault('STORE_UNAVAILABLE', 'the disk is full')
      const committed = await store.commit(step)
      if (fate === 'uncertain') throw new Fault('STORE_COMMIT_UNCERTAIN', 'the power went')
      return committed
    },
    refused: (place, from) => store.refused(place, from),
    archive: advance => store.archive(advance),
    [Symbol.asyncDispose]: () => store[Symbol.asyncDispose](),
  }
}

let eventCount = 0

/** A view of a user that belongs in partition 0 or 1, wherever it stands; some are invalid. */
function view(partition: number): NewRecord {
  eventCount += 1
  const event = {
    event_id: `e${eventCount}`,
    event_type: 'product_view',
    user_id: `u${eventCount % 5}`,
    timestamp: '2024-09-03T10:00:00Z',
    data: eventCount % 7 === 0 ? {} : { product_id: `p${eventCount % 3}` },
  }
  const value = toUtf8(JSON.stringify(event))
  return { topic: 'product_view', partition, key: null, value, headers: [] }
}

function views(count: number): readonly NewRecord[] {
  return Array.from({ length: count }, (_, index) => view(index % 2))
}

const never = new AbortController().signal

test('commits that fail, in every way and order, change no number', async () => {
  const records = Array.from({ length: 12 }, () => views(9))
  const answers: unknown[] = []
  const fates: Fate[][] = [
    [],
    ['uncertain', 'refused', 'refused', 'done', 'uncertain', 'uncertain'],
    ['refused', 'done', 'uncertain', 'done', 'done', 'refused'],
  ]
  for (const some of fates) {
    const stage = await openStage()
    stage.fates.push(...some)
    const running = stage.run()
    for (const batch of records) {
      const before = stage.attemptCount
      await stage.log.append(batch, never)
      await expect.poll(() => stage.attemptCount, { timeout: 20_000 }).toBeGreaterThan(before)
    }
    expect(stage.fates).toEqual([])
    stage.drain.abort()
    await running
    answers.push(await stage.read())
    expect(stage.outages.filter(outage => outage === null)).toHaveLength(
      stage.outages.filter(outage => outage !== null).length,
    )
  }
  expect(answers[0]).toMatchObject({ ledger: { balanced: true } })
  expect(answers[1]).toEqual(answers[0])
  expect(answers[2]).toEqual(answers[0])
})

test('an outage is told once, and over with the first commit that is done', async () => {
  const stage = await openStage()
  stage.fates.push('refused', 'refused', 'refused')
  await stage.log.append(views(3), never)
  const running = stage.run()
  await expect.poll(() => stage.commitCount, { timeout: 20_000 }).toBe(1)
  expect(stage.outages).toEqual(['STORE_UNAVAILABLE', null])
  stage.drain.abort()
  await running
})

test('a log that does not answer at first is waited for with the store open', async () => {
  const stage = await openStage()
  let refusals = 2
  stage.onBounds = () => {
    refusals -= 1
    if (refusals >= 0) throw new Fault('LOG_UNAVAILABLE', 'no broker has answered yet')
  }
  await stage.log.append(views(2), never)
  const running = stage.run()
  await expect.poll(() => stage.commitCount, { timeout: 20_000 }).toBe(1)
  expect(stage.openCount).toBe(1)
  expect(stage.outages).toEqual(['LOG_UNAVAILABLE', null])
  stage.drain.abort()
  await running
})

test.each(['a commit', 'a look at the log'])('what comes with %s is drained too', async when => {
  const stage = await openStage()
  await stage.log.append(views(2), never)
  const appendAndDrain = async (): Promise<void> => {
    if (stage.drain.signal.aborted) return
    await stage.log.append(views(4), never)
    stage.drain.abort()
  }
  if (when === 'a commit') stage.onCommit = appendAndDrain
  // Everything was read and committed, and the digest is about to look whether there is more.
  else stage.onBounds = () => (stage.commitCount === 0 ? undefined : appendAndDrain())
  await stage.run()
  const { ledger } = (await stage.read()) as { ledger: { partitions: { consumed: number }[] } }
  expect(ledger.partitions.reduce((sum, line) => sum + line.consumed, 0)).toBe(6)
})

test('an outage that goes on while draining ends it: the log keeps the rest', async () => {
  const stage = await openStage()
  stage.fates.push(...Array<Fate>(50).fill('refused'))
  await stage.log.append(views(2), never)
  stage.drain.abort()
  await expect(stage.run()).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' })
  expect(stage.fates).toHaveLength(48)
})

test('called off, it ends without a word, with the commit under way', async () => {
  const stage = await openStage()
  await stage.log.append(views(2), never)
  stage.onCommit = () => stage.stop.abort()
  await stage.run()
  expect(stage.commitCount).toBe(1)
  expect(stage.outages).toEqual([])
  await stage.run()
})

test.each([0, 1, 2, 3])(
  'called off at its look number %i at the log, it just ends',
  async number => {
    const stage = await openStage()
    await stage.log.append(views(2), never)
    let count = 0
    stage.onBounds = () => {
      if (count === number) stage.stop.abort()
      count += 1
    }
    await stage.run()
    expect(stage.outages).toEqual([])
  },
)

test('a bug of ours is no outage', async () => {
  const stage = await openStage()
  await stage.log.append(views(2), never)
  stage.onCommit = () => {
    throw new TypeError('a bug')
  }
  await expect(stage.run()).rejects.toThrow('a bug')
  expect(stage.outages).toEqual([])
})

test('a log that soon says that it has no more brings no commit before its time', async () => {
  const stage = await openStage()
  stage.commitMs = 3_600_000
  stage.waitMsMax = 1
  await stage.log.append(views(4), never)
  let emptyCount = 0
  stage.onPull = fetchCount => {
    if (fetchCount === 0) emptyCount += 1
    expect(stage.commitCount).toBe(0)
    if (emptyCount === 5) stage.drain.abort()
  }
  await stage.run()
  expect(stage.commitCount).toBe(1)
})
