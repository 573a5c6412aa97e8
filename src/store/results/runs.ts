/**
 * Batch runs in a results place: what a manifest under `results/runs/` names, read and answered as
 * any other source. A run says what the lake held when it ran, so of windows that were not closed
 * by then it says nothing; `all`, which never closes, is as of the run.
 */
import { z } from 'zod'
import type { AnswerGroup } from '../../model/answer.ts'
import type { ObjectStore } from '../../model/object-store.ts'
import type { MetricPlan } from '../../model/plan.ts'
import { isFinal } from '../../model/progress.ts'
import type { Question, Result } from '../../model/result.ts'
import { STREAM } from '../../model/result.ts'
import type { RunManifest, RunRow } from '../../model/run.ts'
import { RUN_NAME, RUNS, toRunGroups, toRunManifestKey } from '../../model/run.ts'
import { fromUtf8 } from '../../std/bytes.ts'
import { Fault, isFault } from '../../std/fault.ts'
import type { Ask } from '../question.ts'
import { toAsk } from '../question.ts'
import type { AnswerStore } from '../store.ts'
import { answerGroups } from '../view/answer-groups.ts'
import { corrupt, missing, unchanged } from './faults.ts'
import { readLines } from './row-lines.ts'

export interface RunAnswers {
  /** Answers from the run that `question.source` names. Throws QUERY_INVALID, STORE_CORRUPT. */
  query(question: Question & { readonly source: string }): Promise<Result>
}

/** Metrics of runs that are kept in memory. */
const KEPT_MAX = 16
const NAMES_SHOWN = 10

const manifestSchema: z.ZodType<RunManifest> = z.object({
  format: z.literal(1),
  run: z.string(),
  engine: z.string(),
  from: z.string().nullable(),
  to: z.string().nullable(),
  lake: z.string(),
  catalog_version: z.string(),
  started_at_ms: z.number(),
  progress: z.number().nullable(),
  metrics: z.array(
    z.object({
      metric: z.string(),
      plan: z.string(),
      zone: z.string(),
      columns: z.object({
        keys: z.array(z.string()),
        measures: z.array(z.object({ name: z.string(), column: z.string().nullable() })),
      }),
      objects: z.array(z.string()),
    }),
  ),
})

/** The manifest of a run; null: there is none. Throws STORE_CORRUPT, OBJECTS_UNAVAILABLE. */
export async function readRun(objects: ObjectStore, run: string): Promise<RunManifest | null> {
  const key = toRunManifestKey(run)
  const found = await objects.get(key)
  if (found === null || found === 'unchanged') return null
  try {
    return manifestSchema.parse(JSON.parse(fromUtf8(found.bytes)))
  } catch (cause) {
    throw corrupt(key, 'is no manifest of a run', cause)
  }
}

/** The names of all runs that are published, in the order of their keys. */
export async function listRuns(objects: ObjectStore): Promise<readonly string[]> {
  const names: string[] = []
  for await (const { key } of objects.list(RUNS)) {
    const [name = '', rest] = key.slice(RUNS.length).split('/')
    if (rest === 'manifest.json') names.push(name)
  }
  return names
}

/** A metric's groups in the order of an answer, those of open windows too; null: not counted. */
export async function readRunGroups(
  objects: ObjectStore,
  manifest: RunManifest,
  plan: MetricPlan,
): Promise<readonly AnswerGroup[] | null> {
  const entry = manifest.metrics.find(one => one.plan === plan.hash)
  if (entry === undefined) return null
  const rows: RunRow[] = []
  for (const key of entry.objects) {
    const found = await objects.get(key)
    if (found === null || found === 'unchanged') throw missing(key)
    for await (const lines of readLines(key, found.bytes)) {
      for (const line of lines) rows.push(JSON.parse(line) as RunRow)
    }
  }
  return toRunGroups(plan, rows)
}

export function createRunAnswers(objects: ObjectStore, plans: readonly MetricPlan[]): RunAnswers {
  /** Runs never change: by run and plan, the least used first. */
  const kept = new Map<string, Promise<Answerable>>()
  const find = async (run: string, plan: MetricPlan): Promise<Answerable> => {
    const name = `${run} ${plan.hash}`
    const found = kept.get(name) ?? readAnswerable(objects, run, plan)
    kept.delete(name)
    kept.set(name, found)
    const [oldest] = kept.keys()
    if (kept.size > KEPT_MAX && oldest !== undefined) kept.delete(oldest)
    return found.catch((error: unknown) => {
      kept.delete(name)
      throw isFault(error, 'OBJECTS_UNAVAILABLE')
        ? unchanged('the run could not be read', error)
        : error
    })
  }
  return {
    query: async question => {
      const ask = toAsk(plans, question)
      return answer(await find(question.source, ask.base), ask)
    },
  }
}

/** The store's answers, and those of runs for questions that name one. */
export function withRuns(store: AnswerStore, runs: RunAnswers): AnswerStore {
  return {
    query: question => {
      const source = question.source ?? STREAM
      return source === STREAM ? store.query(question) : runs.query({ ...question, source })
    },
    audit: () => store.audit(),
    rejects: question => store.rejects(question),
    [Symbol.asyncDispose]: () => store[Symbol.asyncDispose](),
  }
}

interface Answerable {
  readonly manifest: RunManifest
  readonly groups: readonly AnswerGroup[]
}

async function readAnswerable(
  objects: ObjectStore,
  run: string,
  plan: MetricPlan,
): Promise<Answerable> {
  const manifest = RUN_NAME.test(run) ? await readRun(objects, run) : null
  if (manifest === null) return refuse(await toUnknownText(objects, run))
  const groups = await readRunGroups(objects, manifest, plan)
  if (groups === null) {
    const other = manifest.metrics.some(one => one.metric === plan.name)
    const what = other ? 'counted another definition of' : 'did not count'
    return refuse(`run '${run}' ${what} metric '${plan.name}'; run it anew`)
  }
  const closed = groups.filter(
    ({ window }) =>
      window.end === Number.POSITIVE_INFINITY ||
      isFinal(window.end, plan.graceMs, manifest.progress),
  )
  return { manifest, groups: closed }
}

async function toUnknownText(objects: ObjectStore, run: string): Promise<string> {
  const names = (await listRuns(objects)).slice(-NAMES_SHOWN)
  const known = names.length === 0 ? 'none is published' : `there are: ${names.join(', ')}`
  return `source '${run}' is neither '${STREAM}' nor a run; ${known}`
}

function answer({ manifest, groups }: Answerable, ask: Ask): Result {
  const context = { progress: manifest.progress, partialUntilMs: null, source: manifest.run }
  return answerGroups(groups, ask, context)
}

function refuse(message: string): never {
  throw new Fault('QUERY_INVALID', message)
}
