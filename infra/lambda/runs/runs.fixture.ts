/** A world of runs in memory, with a clock that stands still until it is moved. */
import { resolveConfig } from '../../../src/main/config/load.ts'
import type { ObjectStore } from '../../../src/model/object-store.ts'
import { toRunManifestKey } from '../../../src/model/run.ts'
import { openMemoryObjects } from '../../../src/objects/memory/memory-objects.ts'
import { fromUtf8, toUtf8 } from '../../../src/std/bytes.ts'
import type { MemoryRunner } from './memory-runner.ts'
import { createMemoryRunner } from './memory-runner.ts'
import type { RunsWorld } from './run-steps.ts'
import type { Runs } from './runs.ts'
import { createRuns } from './runs.ts'

export interface RunsFixture {
  readonly runs: Runs
  readonly world: RunsWorld
  readonly runner: MemoryRunner
  readonly results: ObjectStore
  readonly metrics: readonly string[]
  readonly signal: AbortSignal
  /** Another handle on the same world, whose results are `results`. */
  over(results: ObjectStore): Runs
  moveTo(time: string): void
  addFile(date: string, name?: string): Promise<void>
  /** Puts its manifest, of a lake that had come as far as `progress`. */
  publish(run: string, progress?: string): Promise<void>
  /** Runs whose failure was told. */
  readonly failed: readonly string[]
  readJson(key: string): Promise<unknown>
}

const config = resolveConfig({}, null, { flags: {}, environment: {} })

export function createRunsFixture(): RunsFixture {
  const [lake, results, runner] = [openMemoryObjects(), openMemoryObjects(), createMemoryRunner()]
  const failed: string[] = []
  let nowMs = Date.parse('2026-11-23T00:30:02Z')
  const world: RunsWorld = {
    lake,
    results,
    places: { lake: 's3://shop-lake/lake', results: 's3://shop-results/weir' },
    runner,
    catalog: config.catalog,
    plans: config.plans,
    schedule: { every: 'day', zone: 'UTC', settleMs: 20 * 60_000 },
    job: 'print("a job")\n',
    clock: { now: () => nowMs },
    onFailed: run => {
      failed.push(run)
    },
  }
  const put = async (store: ObjectStore, key: string, text: string): Promise<void> => {
    await store.put(key, toUtf8(text))
  }
  const readJson = async (key: string): Promise<unknown> => {
    const found = await results.get(key)
    return found === null || found === 'unchanged' ? null : JSON.parse(fromUtf8(found.bytes))
  }
  return {
    runs: createRuns(world),
    world,
    runner,
    results,
    metrics: config.plans.map(plan => plan.name),
    signal: AbortSignal.timeout(60_000),
    over: other => createRuns({ ...world, results: other }),
    moveTo: time => {
      nowMs = Date.parse(time)
    },
    addFile: (date, name = '0-0000000000000000-0000000000000009') =>
      put(lake, `events/event_type=purchase/event_date=${date}/${name}.parquet`, 'PAR1'),
    failed,
    publish: async (run, progress = '2026-11-30T00:00:00Z') => {
      const plan = (await readJson(`runs/${run}/plan.json`)) as { readonly manifest: object }
      const manifest = { ...plan.manifest, progress: Date.parse(progress) }
      await put(results, toRunManifestKey(run), JSON.stringify(manifest))
    },
    readJson,
  }
}
