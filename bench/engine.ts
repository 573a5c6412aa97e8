/**
 * Engine against baseline, in turn, each in a process of its own, over the same file: record
 * batches in memory → scan, verdict with exact dedup, all built-in metrics; no I/O, nothing
 * durable. Run as `node bench/engine.ts engine|baseline FILE`, it measures one of the two.
 */
import { readFileSync } from 'node:fs'
import { createChecker } from '../src/engine/scan/check.ts'
import { createEngine } from '../src/engine/shard-engine.ts'
import { invalidTotal } from '../src/model/ledger.ts'
import { partitionOf } from '../src/model/partitioner.ts'
import { encodeRecordBatch } from '../src/model/record-batch.ts'
import type { PartitionTotals } from '../src/model/step.ts'
import { concatBytes, fromUtf8 } from '../src/std/bytes.ts'
import { MIB } from '../src/std/units.ts'
import { createBaseline } from './baseline.ts'
import { benchCatalog, benchPlans } from './shop.ts'

export interface Measured {
  readonly what: string
  readonly events: number
  readonly bytes: number
  readonly cpuSeconds: number
  readonly seconds: number
  readonly rssMib: number
  readonly totals: unknown
}

const LINE_FEED = 0x0a
const PARTITIONS = 4
/** As many as a digest would gather between two commits. */
const FETCHES_PER_TAKE = 200

/** Walks the lines of a file without keeping them: objects kept would be work for the collector. */
function forEachLine(bytes: Uint8Array, visit: (line: Uint8Array) => void): number {
  let count = 0
  let start = 0
  while (start < bytes.length) {
    const end = bytes.indexOf(LINE_FEED, start)
    visit(bytes.subarray(start, end))
    start = end + 1
    count += 1
  }
  return count
}

function measure(
  what: string,
  file: Pick<Measured, 'events' | 'bytes'>,
  run: () => unknown,
): Measured {
  globalThis.gc?.()
  const cpu = process.cpuUsage()
  const startMs = performance.now()
  const totals = run()
  const { user, system } = process.cpuUsage(cpu)
  return {
    what,
    events: file.events,
    bytes: file.bytes,
    cpuSeconds: (user + system) / 1e6,
    seconds: (performance.now() - startMs) / 1000,
    rssMib: process.resourceUsage().maxRSS / 1024,
    totals,
  }
}

export function measureBaseline(file: string): Measured {
  const bytes = readFileSync(file)
  const events = forEachLine(bytes, () => undefined)
  return measure('baseline', { events, bytes: bytes.length }, () => {
    const baseline = createBaseline()
    forEachLine(bytes, line => baseline.add(fromUtf8(line)))
    const { cents, ...totals } = baseline.totals()
    return { ...totals, cents: String(cents) }
  })
}

/** Fetches of about 1 MiB, as the log would give them. */
function toFetches(bytes: Uint8Array): readonly Parameters<Engine['digest']>[0][] {
  const check = createChecker(benchCatalog(PARTITIONS))
  const groups = new Map<string, { value: Uint8Array; key: Uint8Array | null }[]>()
  const offsets = new Map<string, number>()
  const fetches: Parameters<Engine['digest']>[0][] = []
  const arrivalMs = Date.parse('2026-06-01T00:00:00Z')
  const flush = (place: string): void => {
    const records = groups.get(place) ?? []
    if (records.length === 0) return
    const [topic = '', partition = '0'] = place.split('/')
    const offset = offsets.get(place) ?? 0
    const batches: Uint8Array[] = []
    for (let at = 0; at < records.length; at += 1000) {
      const part = records.slice(at, at + 1000).map(record => ({ ...record, headers: [] }))
      batches.push(encodeRecordBatch({ baseOffset: offset + at, arrivalMs, records: part }))
    }
    const offsetNext = offset + records.length
    fetches.push({
      topic,
      partition: Number(partition),
      offset,
      offsetNext,
      offsetFirst: 0,
      offsetEnd: offsetNext,
      bytes: concatBytes(batches),
    })
    offsets.set(place, offsetNext)
    groups.set(place, [])
  }
  forEachLine(bytes, value => {
    const { eventType, userId } = check(value, arrivalMs)
    const key = eventType === null ? null : userId
    const partition = key === null ? 0 : partitionOf(key, PARTITIONS, 'murmur2')
    const place = `${eventType ?? 'weir.unparsed'}/${partition}`
    const group = groups.get(place) ?? []
    groups.set(place, group)
    group.push({ value, key })
    if (group.length >= 4000) flush(place)
  })
  for (const place of [...groups.keys()]) flush(place)
  return fetches
}

type Engine = ReturnType<typeof createEngine>

export function measureEngine(file: string): Measured {
  const bytes = readFileSync(file)
  const fetches = toFetches(bytes)
  const events = forEachLine(bytes, () => undefined)
  return measure('engine', { events, bytes: bytes.length }, () => {
    const catalog = benchCatalog(PARTITIONS)
    const engines = Array.from({ length: PARTITIONS }, (_, shard) =>
      createEngine({
        catalog,
        plans: benchPlans(catalog),
        secret: new Uint8Array(32).fill(1),
        state: { shard, partitions: [], ids: { blocks: [], runs: [] } },
        // Nothing may be sealed: there is no disk here.
        idsMemoryMax: 1024 * MIB,
      }),
    )
    let [accepted, duplicate, invalid, views] = [0, 0, 0, 0]
    let cents = 0n
    const ends = new Map<string, PartitionTotals>()
    const take = (): void => {
      for (const engine of engines) {
        const step = engine.take()
        for (const totals of step?.partitions ?? []) {
          ends.set(`${totals.topic}/${totals.partition}`, totals)
        }
        for (const partial of step?.partials ?? []) {
          if (partial.plan.name === 'top_products') {
            views += partial.events.reduce((sum, count) => sum + count, 0)
          }
          const revenue = partial.plan.name === 'sales' ? partial.measures[1] : undefined
          if (revenue?.kind === 'sum') for (const value of revenue.values) cents += value
        }
      }
    }
    fetches.forEach((fetch, index) => {
      engines[fetch.partition]?.digest(fetch)
      if (index % FETCHES_PER_TAKE === 0) take()
    })
    take()
    for (const totals of ends.values()) {
      accepted += totals.accepted
      duplicate += totals.duplicate
      invalid += invalidTotal(totals)
    }
    return { accepted, duplicate, invalid, views, cents: String(cents) }
  })
}

const [what, file] = process.argv.slice(2)
if (import.meta.main && file !== undefined) {
  const measured = what === 'baseline' ? measureBaseline(file) : measureEngine(file)
  process.stdout.write(`${JSON.stringify(measured)}\n`)
}
