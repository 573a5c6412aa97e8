import { describe, expect, test } from 'vitest'
import type { AuditAnswer, AuditPartition } from './contract.ts'
import type { MetricsSample } from './emf.ts'
import { createEmf } from './emf.ts'
import { samplePartition } from './ledger.fixture.ts'
import type { Counters } from './scrape.ts'

const COUNTERS: Counters = {
  startMs: 0,
  residentBytes: 280_000_000,
  freshnessS: 0.4,
  live: null,
  worker: null,
  collector: null,
  refusals: new Map(),
}

/** Two records behind, of ten with a duplicate and a reject. */
function toPartition(changed: Partial<AuditPartition>): AuditPartition {
  return samplePartition({
    accepted: 8,
    duplicate: 1,
    invalid: { future: 1 },
    applied: 8,
    quarantined: 1,
    offset_end: 12,
    lag: 2,
    lag_seconds: 3.5,
    retention_hours: 167.9,
    ...changed,
  })
}

function toSample(partitions: readonly AuditPartition[] | null, atMs = 1_000): MetricsSample {
  const balanced = partitions?.every(line => line.balanced) ?? true
  const audit: AuditAnswer | null =
    partitions === null ? null : { balanced, progress: null, lag: 0, partitions: [...partitions] }
  return { atMs, audit, counters: COUNTERS }
}

const parse = (lines: readonly string[]): readonly unknown[] => lines.map(line => JSON.parse(line))

test('the worst of all partitions is told of the service, and each shard for itself', () => {
  const lines = createEmf('digest')(
    toSample([
      toPartition({}),
      toPartition({ topic: 'search', lag_seconds: null, retention_hours: null, balanced: false }),
      toPartition({ partition: 1, lag_seconds: 90, retention_hours: 12 }),
    ]),
  )
  expect(parse(lines)).toMatchObject([
    {
      _aws: { Timestamp: 1_000, CloudWatchMetrics: [{ Namespace: 'Weir' }] },
      Service: 'digest',
      LagSeconds: 90,
      RetentionHours: 12,
      LedgerImbalance: 1,
      FreshnessSeconds: 0.4,
      ResidentBytes: 280_000_000,
    },
    { Service: 'digest', Partition: '0', LagSeconds: 3.5, RetentionHours: 167.9 },
    { Service: 'digest', Partition: '1', LagSeconds: 90, RetentionHours: 12 },
    { Service: 'digest', Verdict: 'accepted', Records: 0 },
    { Service: 'digest', Verdict: 'duplicate', Records: 0 },
    { Service: 'digest', Verdict: 'invalid', Records: 0 },
  ])
})

test('records are told as what came since, over partitions that were there before', () => {
  const emf = createEmf('digest')
  emf(toSample([toPartition({})]))
  const grown = toPartition({ accepted: 20, invalid: { future: 3, not_json: 1 } })
  const lines = emf(toSample([grown, toPartition({ partition: 7, accepted: 1_000 })]))
  const records = parse(lines).filter(line => JSON.stringify(line).includes('"Records"'))
  expect(records).toMatchObject([
    { Verdict: 'accepted', Records: 12 },
    { Verdict: 'duplicate', Records: 0 },
    { Verdict: 'invalid', Records: 3 },
  ])
})

test('a process that knows no ledger tells of itself; what is not known is left out', () => {
  const counters = { ...COUNTERS, freshnessS: null }
  const lines = createEmf('collect')({ atMs: 1, audit: null, counters })
  expect(parse(lines)).toEqual([
    {
      _aws: {
        Timestamp: 1,
        CloudWatchMetrics: [
          {
            Namespace: 'Weir',
            Dimensions: [['Service']],
            Metrics: [{ Name: 'ResidentBytes', Unit: 'Bytes' }],
          },
        ],
      },
      Service: 'collect',
      ResidentBytes: 280_000_000,
    },
  ])
})

test('a front door tells how many it refused, and a worker without shards of no ledger', () => {
  const emf = createEmf('collect')
  const sampleOf = (refused: number): MetricsSample => {
    const requests = new Map([
      [200, 50],
      [503, refused],
    ])
    const items = { itemsStored: 0, itemsInvalid: 0, callsIgnored: new Map<string, number>() }
    const collector = { requests, ...items, inFlightRequests: 0, inFlightBytes: 0 }
    return { ...toSample([]), counters: { ...COUNTERS, collector } }
  }
  emf(sampleOf(2))
  const [own] = parse(emf(sampleOf(7)))
  expect(own).toMatchObject({ RefusedRequests: 5 })
  expect(own).not.toHaveProperty('LedgerImbalance')
  expect(own).not.toHaveProperty('LagSeconds')
})

/**
 * The rules of the JSON schema in the specification, written again; it is the page
 * CloudWatch_Embedded_Metric_Format_Specification.html of its user guide.
 */
describe('every line keeps the rules of the embedded metric format', () => {
  const partitions = Array.from({ length: 64 }, (_, partition) => toPartition({ partition }))
  const lines = createEmf('digest')(toSample(partitions, 1_700_000_000_000))
  const SIZES = ['Bytes', 'Bits'].flatMap(size => [
    size,
    ...['Kilo', 'Mega', 'Giga', 'Tera'].map(times => `${times}${size.toLowerCase()}`),
  ])
  const RATES = [...SIZES, 'Count'].map(unit => `${unit}/Second`)
  const TIMES = ['Seconds', 'Microseconds', 'Milliseconds']
  const UNITS = [...TIMES, ...SIZES, ...RATES, 'Percent', 'Count', 'None']

  test.each(lines)('%s', line => {
    expect(line).not.toMatch(/\n/)
    expect(Buffer.byteLength(line)).toBeLessThan(256 * 1024)
    const root = JSON.parse(line) as Root
    expect(Object.keys(root._aws).sort()).toEqual(['CloudWatchMetrics', 'Timestamp'])
    expect(Number.isSafeInteger(root._aws.Timestamp)).toBe(true)
    expect(root._aws.CloudWatchMetrics.length).toBeGreaterThan(0)
    for (const directive of root._aws.CloudWatchMetrics) checkDirective(directive, root)
  })

  function checkDirective({ Namespace, Dimensions, Metrics }: Directive, root: Root): void {
    expect(Namespace).toMatch(/^[^:].{0,1023}$/)
    expect(Dimensions.length).toBeGreaterThan(0)
    for (const set of Dimensions) {
      expect(set.length).toBeLessThanOrEqual(30)
      for (const name of set) {
        expect(name).toMatch(/^[^:].{0,249}$/)
        expect(root[name]).toMatch(/^.{1,1024}$/)
      }
    }
    expect(Metrics.length).toBeGreaterThan(0)
    expect(Metrics.length).toBeLessThanOrEqual(100)
    for (const { Name, Unit } of Metrics) {
      expect(Name).toMatch(/^.{1,1024}$/)
      expect(UNITS).toContain(Unit)
      expect(Number.isFinite(root[Name])).toBe(true)
    }
    expect(new Set(Metrics.map(({ Name }) => Name)).size).toBe(Metrics.length)
  }
})

interface Directive {
  readonly Namespace: string
  readonly Dimensions: readonly (readonly string[])[]
  readonly Metrics: readonly { readonly Name: string; readonly Unit: string }[]
}

interface Root {
  readonly _aws: { readonly Timestamp: number; readonly CloudWatchMetrics: readonly Directive[] }
  readonly [member: string]: unknown
}
