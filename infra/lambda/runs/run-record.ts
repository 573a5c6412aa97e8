/**
 * What is known of a run, as objects that are put once, where there is none, and never changed: who
 * comes second, at any time, finds what the first one put. They stand in `runs/RUN/` of the results
 * place, beside the run's job.py and plan.json.
 */
import { z } from 'zod'
import type { ObjectStore } from '../../../src/model/object-store.ts'
import { fromUtf8, toUtf8 } from '../../../src/std/bytes.ts'
import { Fault } from '../../../src/std/fault.ts'
import type { LakeMark } from './lake-mark.ts'

/**
 * `asked`: not known to be started; `started`: waits for machines; `published`: its rows are there;
 * `failed`: it will have none.
 */
export type RunState = 'asked' | 'started' | 'running' | 'published' | 'failed'

/** `asked.json`: what is to be counted. */
export interface Asked {
  readonly format: 1
  readonly run: string
  /** ISO 8601; both null: the whole lake. */
  readonly from: string | null
  readonly to: string | null
  readonly metrics: readonly string[]
  /** Instants between which all events of the lake are, of which some are counted. */
  readonly bounds: { readonly from: string; readonly to: string }
  readonly asked_at: string
  /** By which a runner knows its job again. */
  readonly token: string
  /** Of the schedule; both null: somebody asked. */
  readonly tick: string | null
  readonly mark: LakeMark | null
}

/** `started.json`: who runs it. */
export interface Started {
  readonly job: string
  readonly started_at: string
}

/** `failed.json`: that there will be no result. */
export interface Failed {
  readonly reason: string
  readonly failed_at: string
}

export interface RunRecord {
  readonly asked: Asked
  readonly started: Started | null
  readonly failed: Failed | null
}

/** By the name of their file. */
interface Parts {
  readonly asked: Asked
  readonly started: Started
  readonly failed: Failed
  /** The instance of EC2 puts it before it stops. */
  readonly exit: { readonly code: number; readonly reason: string }
}

type Kind = keyof Parts

const FOLDER = 'runs/'
const SCHEMAS: { readonly [K in Kind]: z.ZodType<Parts[K]> } = {
  asked: z.object({
    format: z.literal(1),
    run: z.string(),
    from: z.string().nullable(),
    to: z.string().nullable(),
    metrics: z.array(z.string()),
    bounds: z.object({ from: z.string(), to: z.string() }),
    asked_at: z.string(),
    token: z.string(),
    tick: z.string().nullable(),
    mark: z.object({ files: z.number(), digest: z.string(), later_files: z.number() }).nullable(),
  }),
  started: z.object({ job: z.string(), started_at: z.string() }),
  failed: z.object({ reason: z.string(), failed_at: z.string() }),
  exit: z.object({ code: z.number(), reason: z.string() }),
}

/** The key of something of a run. */
export function toRunKey(run: string, file: string): string {
  return `${FOLDER}${run}/${file}`
}

/** null: nobody has asked for it. Throws STORE_CORRUPT, OBJECTS_UNAVAILABLE. */
export async function readRecord(
  results: ObjectStore,
  run: string,
  signal: AbortSignal,
): Promise<RunRecord | null> {
  const [asked, started, failed] = await Promise.all([
    readOne(results, { run, kind: 'asked', signal }),
    readOne(results, { run, kind: 'started', signal }),
    readOne(results, { run, kind: 'failed', signal }),
  ])
  return asked === null ? null : { asked, started, failed }
}

/** Why the job failed, as the instance says; null: it says nothing. */
export async function readExit(
  results: ObjectStore,
  run: string,
  signal: AbortSignal,
): Promise<string | null> {
  const exit = await readOne(results, { run, kind: 'exit', signal })
  return exit === null || exit.reason === '' ? null : exit.reason
}

/** Puts what there is not, and gives what is there then. */
export async function putOnce<K extends Kind>(
  results: ObjectStore,
  { run, kind, signal }: Place<K>,
  value: Parts[K],
): Promise<Parts[K]> {
  const bytes = toUtf8(`${JSON.stringify(value, null, 2)}\n`)
  const put = await results.put(toRunKey(run, `${kind}.json`), bytes, { ifAbsent: true, signal })
  return put === 'stored' ? value : ((await readOne(results, { run, kind, signal })) ?? value)
}

/** The names of runs that begin with `prefix`, in their order. */
export async function listRecords(
  results: ObjectStore,
  prefix: string,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const names: string[] = []
  for await (const { key } of results.list(`${FOLDER}${prefix}`, signal)) {
    const [run = '', file] = key.slice(FOLDER.length).split('/')
    if (file === 'asked.json') names.push(run)
  }
  return names
}

interface Place<K extends Kind> {
  readonly run: string
  readonly kind: K
  readonly signal: AbortSignal
}

async function readOne<K extends Kind>(
  results: ObjectStore,
  { run, kind, signal }: Place<K>,
): Promise<Parts[K] | null> {
  const key = toRunKey(run, `${kind}.json`)
  const found = await results.get(key, { signal })
  if (found === null || found === 'unchanged') return null
  try {
    return SCHEMAS[kind].parse(JSON.parse(fromUtf8(found.bytes)))
  } catch (cause) {
    throw new Fault('STORE_CORRUPT', `${key} is not what weir put there; remove it`, { cause })
  }
}
