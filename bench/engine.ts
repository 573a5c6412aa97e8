/**
 * Engine against baseline, each in a process of its own, over the same file: in memory, scan (or
 * JSON.parse), verdict with exact dedup, all built-in metrics; no I/O, nothing durable.
 * Run as `node bench/engine.ts engine|baseline FILE`.
 */
import { readFileSync } from 'node:fs'
import process from 'node:process'
import type { Engine } from '../src/engine/engine.ts'
import { createEngine } from '../src/engine/shard-engine.ts'
import { invalidTotal } from '../src/model/ledger.ts'
import type { Fetch } from '../src/model/record.ts'
import { encodeRecordBatch } from '../src/model/record-batch.ts'
import type { PartitionTotals, ShardStep } from '../src/model/step.ts'
import { concatBytes, fromUtf8 } from '../src/std/bytes.ts'
import { MIB } from '../src/std/units.ts'
import type { Baseline } from './baseline.ts'
import { createBaseline } from './baseline.ts'
import { ARRIVAL_MS, createPlacing, forEachLine, PARTITIONS } from './events.ts'
import type { Measured, Totals } from './measure.ts'
import { measure, tell } from './measure.ts'
import { benchCatalog, benchPlans } from './shop.ts'

/** A fetch is some 1 MiB, and a batch in it some 240 KiB. */
const FETCH_RECORDS = 4_000
const BATCH_RECORDS = 1_000
/** As many as a digest would gather between two commits. */
const FETCHES_PER_TAKE = 200

async function measureBaseline(file: string): Promise<Measured> {
  const bytes = readFileSync(file)
  const events = forEachLine(bytes, () => undefined)
  const baseline: Baseline = createBaseline()
  return await measure(
    { what: 'baseline', events, bytes: bytes.length },
    () => void forEachLine(bytes, line => baseline.add(fromUtf8(line))),
    () => {
      const totals = baseline.totals()
      return { ...totals, cents: String(totals.cents) }
    },
  )
}

export async function measureEngine(file: string): Promise<Measured> {
  const bytes = readFileSync(file)
  const fetches = toFetches(bytes)
  const events = forEachLine(bytes, () => undefined)
  const tally = createTally()
  return await measure(
    { what: 'engine', events, bytes: bytes.length },
    () => {
      const engines = createEngines()
      const take = (): void => {
        for (const engine of engines) tally.note(engine.take())
      }
      for (const [index, fetch] of fetches.entries()) {
        engines[fetch.partition]?.digest(fetch)
        if (index % FETCHES_PER_TAKE === FETCHES_PER_TAKE - 1) take()
      }
      take()
    },
    () => tally.totals(),
  )
}

function createEngines(): readonly Engine[] {
  const catalog = benchCatalog(PARTITIONS)
  return Array.from({ length: PARTITIONS }, (_, shard) =>
    createEngine({
      catalog,
      plans: benchPlans(catalog),
      secret: new Uint8Array(32).fill(1),
      state: { shard, partitions: [], ids: { blocks: [], runs: [] } },
      // Nothing may be sealed: there is no disk here.
      idsMemoryMax: 1024 * MIB,
    }),
  )
}

/** The file as the log would give it: fetches of one partition each, in the file's order. */
function toFetches(bytes: Uint8Array): readonly Fetch[] {
  const placeOf = createPlacing()
  const waiting = new Map<string, Waiting>()
  const fetches: Fetch[] = []
  forEachLine(bytes, value => {
    const { topic, partition, key } = placeOf(value)
    const name = `${topic}/${partition}`
    const group = waiting.get(name) ?? { topic, partition, offset: 0, records: [] }
    waiting.set(name, group)
    group.records.push({ value, key, headers: [] })
    if (group.records.length === FETCH_RECORDS) fetches.push(toFetch(group))
  })
  for (const group of waiting.values()) if (group.records.length > 0) fetches.push(toFetch(group))
  return fetches
}

interface Waiting {
  readonly topic: string
  readonly partition: number
  offset: number
  records: Parameters<typeof encodeRecordBatch>[0]['records'][number][]
}

/** Takes the records that wait. */
function toFetch(waiting: Waiting): Fetch {
  const { topic, partition, offset, records } = waiting
  const batches: Uint8Array[] = []
  for (let at = 0; at < records.length; at += BATCH_RECORDS) {
    const part = records.slice(at, at + BATCH_RECORDS)
    batches.push(
      encodeRecordBatch({ baseOffset: offset + at, arrivalMs: ARRIVAL_MS, records: part }),
    )
  }
  const offsetNext = offset + records.length
  waiting.offset = offsetNext
  waiting.records = []
  const bounds = { offset, offsetNext, offsetFirst: 0, offsetEnd: offsetNext, abortedCount: 0 }
  return { topic, partition, ...bounds, isVerified: false, bytes: concatBytes(batches) }
}

/** Adds up what the steps say, for comparing. */
function createTally(): { note(step: ShardStep | null): void; totals(): Totals } {
  const ends = new Map<string, PartitionTotals>()
  let views = 0
  let cents = 0n
  const note = (step: ShardStep | null): void => {
    for (const end of step?.partitions ?? []) ends.set(`${end.topic}/${end.partition}`, end)
    for (const { plan, events, measures } of step?.partials ?? []) {
      if (plan.name === 'top_products') for (const count of events) views += count
      const revenue = plan.name === 'sales' ? measures[1] : undefined
      if (revenue?.kind === 'sum') for (const value of revenue.values) cents += value
    }
  }
  const sum = (countOf: (end: PartitionTotals) => number): number =>
    [...ends.values()].reduce((total, end) => total + countOf(end), 0)
  return {
    note,
    totals: () => ({
      accepted: sum(end => end.accepted),
      duplicate: sum(end => end.duplicate),
      invalid: sum(invalidTotal),
      views,
      cents: String(cents),
    }),
  }
}

const [what, file] = process.argv.slice(2)
if (import.meta.main && file !== undefined) {
  tell(what === 'baseline' ? await measureBaseline(file) : await measureEngine(file))
}
