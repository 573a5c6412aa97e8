/** What a request asks, read off its query string strictly: what is not understood is refused. */
import type { MetricPlan } from '../model/plan.ts'
import type { KeyFilter, Question, RejectFilter, RollUp } from '../model/result.ts'
import { LAST_MAX, LIMIT_DEFAULT, LIMIT_MAX, ROLL_UPS } from '../model/result.ts'
import { additiveOf } from '../model/shape.ts'
import { parseBound } from '../model/time.ts'
import type { InvalidCode } from '../model/verdict.ts'
import { INVALID_CODES } from '../model/verdict.ts'
import { Fault } from '../std/fault.ts'
import {
  BACK_MAX,
  CURSOR_LENGTH_MAX,
  ID_BYTES_MAX,
  PARTITION_MAX,
  QUARANTINE_LIMIT_DEFAULT,
  QUARANTINE_LIMIT_MAX,
  TOP_LIMIT_DEFAULT,
  TOP_LIMIT_MAX,
} from './contract/parameters.ts'
import type { Route } from './contract/route.ts'

const KEY_PREFIX = 'key.'
const ZONE_NAMES = ['tz', 'timezone', 'time_zone']

/** The question of `GET /v1/metrics/{name}`. Throws QUERY_INVALID, ZONE_NOT_AVAILABLE. */
export function parseQuestion(plan: MetricPlan, parameters: URLSearchParams): Question {
  return {
    ...parseShape(plan, parameters),
    limit: parseWhole('limit', parameters, { min: 1, max: LIMIT_MAX }) ?? LIMIT_DEFAULT,
    last: parseWhole('last', parameters, { min: 1, max: LAST_MAX }),
    window: parseWindow(plan, parameters),
    order: parameters.get('order'),
    cursor: parseCursor(parameters),
  }
}

export interface TopQuestion {
  readonly by: string
  readonly question: Question
}

/** The question of `GET /v1/top/{name}`: one window, of the range, and the best of it. */
export function parseTopQuestion(plan: MetricPlan, parameters: URLSearchParams): TopQuestion {
  const by = parameters.get('by') ?? plan.top?.by ?? countOf(plan)
  const limit =
    parseWhole('limit', parameters, { min: 1, max: TOP_LIMIT_MAX }) ??
    plan.top?.limit ??
    TOP_LIMIT_DEFAULT
  const shape = parseShape(plan, parameters)
  const isSum = plan.window.kind !== 'all' || shape.group !== null
  const measures = shape.measures ?? (isSum ? [...new Set([by, ...additiveOf(plan)])] : null)
  const question: Question = {
    ...shape,
    measures,
    limit,
    window: 'all',
    top: { by, limit },
    cursor: null,
  }
  return { by, question }
}

function countOf(plan: MetricPlan): string {
  const measure = plan.measures.find(one => one.kind === 'count')
  return measure?.name ?? refuse(`metric '${plan.name}' has no count; name one with 'by'`)
}

type ParsedShape = Pick<Question, 'metric' | 'fromMs' | 'toMs' | 'source' | 'cursor'> & {
  readonly keys: readonly KeyFilter[]
  readonly group: readonly string[] | null
  readonly measures: readonly string[] | null
}

function parseShape(plan: MetricPlan, parameters: URLSearchParams): ParsedShape {
  assertZone(plan, parameters.get('zone'))
  return {
    metric: plan.name,
    ...parseRange(parameters, "windows start at or after 'from' and before 'to'"),
    keys: parseKeys(parameters),
    group: parseList('group', parameters),
    measures: parseList('measures', parameters),
    source: parameters.get('source'),
    cursor: null,
  }
}

function assertZone(plan: MetricPlan, zone: string | null): void {
  if (zone === null || zone === plan.zone) return
  throw new Fault(
    'ZONE_NOT_AVAILABLE',
    `metric '${plan.name}' is counted in zone '${plan.zone}', not in '${zone}'; ` +
      'declare a metric with that zone, and rebuild it for its history',
  )
}

/** `key.NAME=value` and `no_key=NAME`, by field. */
function parseKeys(parameters: URLSearchParams): readonly KeyFilter[] {
  const values = new Map<string, (string | null)[]>()
  const add = (name: string, value: string | null): void => {
    const known = values.get(name)
    if (known === undefined) values.set(name, [value])
    else if (!known.includes(value)) known.push(value)
  }
  for (const [name, value] of parameters) {
    if (name.startsWith(KEY_PREFIX)) add(name.slice(KEY_PREFIX.length), value)
  }
  for (const name of parseList('no_key', parameters) ?? []) add(name, null)
  return [...values].map(([name, some]) => ({ name, values: some }))
}

/** null: it is not told. */
function parseList(name: string, parameters: URLSearchParams): readonly string[] | null {
  const lists = parameters.getAll(name)
  if (lists.length === 0) return null
  const names = lists.flatMap(list => list.split(',')).filter(one => one !== '')
  if (names.length > 0 || name === 'group') return names
  return refuse(`'${name}' names nothing; write names with commas between`)
}

/** null: that of the metric. */
function parseWindow(plan: MetricPlan, parameters: URLSearchParams): RollUp | null {
  const text = parameters.get('window')
  if (text === null || text === plan.window.kind) return null
  const known = ROLL_UPS.find(one => one === text)
  return known ?? refuse(`'window' is '${text}'; write one of ${ROLL_UPS.join(', ')}`)
}

/** Which rejects to tell, and where in the quarantine to read. Throws QUERY_INVALID. */
export function parsePage(
  parameters: URLSearchParams,
): RejectFilter & { readonly limit: number; readonly cursor: string | null } {
  const limit = parseWhole('limit', parameters, { min: 1, max: QUARANTINE_LIMIT_MAX })
  return {
    code: parseCode(parameters),
    topic: parameters.get('topic'),
    partition: parseWhole('partition', parameters, { min: 0, max: PARTITION_MAX }),
    offset: parseWhole('offset', parameters, { min: 0, max: Number.MAX_SAFE_INTEGER }),
    ...parseRange(parameters, "records that arrived at or after 'from' and before 'to'"),
    limit: limit ?? QUARANTINE_LIMIT_DEFAULT,
    cursor: parseCursor(parameters),
  }
}

/** Which event to trace. Throws QUERY_INVALID. */
export function parseTrace(
  eventId: string,
  parameters: URLSearchParams,
): {
  readonly eventId: string
  readonly fromMs: number | null
  readonly toMs: number | null
  readonly userId: string | null
} {
  const userId = parameters.get('user_id')
  assertId('an event_id', eventId)
  if (userId !== null) assertId("'user_id'", userId)
  const range = parseRange(parameters, "records that arrived at or after 'from' and before 'to'")
  return { eventId, ...range, userId }
}

function assertId(what: string, id: string): void {
  if (id !== '' && Buffer.byteLength(id) <= ID_BYTES_MAX) return
  refuse(`${what} has 1 to ${ID_BYTES_MAX} bytes`)
}

/** The place of a record, as its path tells it. Throws QUERY_INVALID. */
export function parsePlace(
  topic: string,
  partition: string,
  offset: string,
): { readonly topic: string; readonly partition: number; readonly offset: number } {
  const place = new URLSearchParams({ partition, offset })
  return {
    topic,
    partition: parseWhole('partition', place, { min: 0, max: PARTITION_MAX }) ?? 0,
    offset: parseWhole('offset', place, { min: 0, max: Number.MAX_SAFE_INTEGER }) ?? 0,
  }
}

/** Throws QUERY_INVALID. */
export function parseDryRun(parameters: URLSearchParams): boolean {
  const text = parameters.get('dry_run') ?? 'false'
  if (text === 'true' || text === 'false') return text === 'true'
  return refuse(`'dry_run' is '${text}'; write true or false`)
}

/** null: all. Throws QUERY_INVALID. */
export function parseTypes(parameters: URLSearchParams): ReadonlySet<string> | null {
  const types = parseList('type', parameters)
  return types === null ? null : new Set(types)
}

/** How many records of each partition a tail begins with. Throws QUERY_INVALID. */
export function parseBack(parameters: URLSearchParams): number {
  return parseWhole('back', parameters, { min: 0, max: BACK_MAX }) ?? 0
}

/** Throws QUERY_INVALID for a parameter that the route does not have, or that comes twice. */
export function assertParameters(route: Route, parameters: URLSearchParams): void {
  const seen = new Set<string>()
  for (const name of parameters.keys()) {
    if (route.hasKeys && name.startsWith(KEY_PREFIX)) continue
    const known = route.parameters.find(one => one.in === 'query' && one.name === name)
    if (known === undefined) refuseName(name, route)
    if (seen.has(name) && known?.isList !== true)
      refuse(`parameter '${name}' is given twice; give it once`)
    seen.add(name)
  }
}

function refuseName(name: string, route: Route): never {
  if (ZONE_NAMES.includes(name) && route.hasKeys) {
    refuse(`a metric is answered in its own zone, not by '${name}'; declare a metric per zone`)
  }
  const names = route.parameters.filter(one => one.in === 'query').map(one => `'${one.name}'`)
  const known = [...names, ...(route.hasKeys ? ["'key.NAME'"] : [])].join(', ')
  const mend = known === '' ? `${route.path} takes none` : `use ${known}`
  refuse(`parameter '${name}' is not known; ${mend}`)
}

function parseCode(parameters: URLSearchParams): InvalidCode | null {
  const text = parameters.get('code')
  if (text === null) return null
  const code = (Object.keys(INVALID_CODES) as InvalidCode[]).find(known => known === text)
  if (code !== undefined) return code
  return refuse(`'code' is '${text}', no reason of an invalid record; see GET /v1/audit for those`)
}

/** `what` says what is asked for. */
function parseRange(
  parameters: URLSearchParams,
  what: string,
): { readonly fromMs: number | null; readonly toMs: number | null } {
  const fromMs = parseTime('from', parameters)
  const toMs = parseTime('to', parameters)
  if (fromMs !== null && toMs !== null && fromMs > toMs) refuse(`'from' is after 'to'; ${what}`)
  return { fromMs, toMs }
}

function parseTime(name: string, parameters: URLSearchParams): number | null {
  const text = parameters.get(name)
  if (text === null) return null
  // An offset's plus sign that was not encoded arrives as a blank.
  const timeMs = parseBound(text.replace(' ', '+'))
  if (timeMs !== null) return timeMs
  return refuse(`'${name}' is '${text}', no time; write 2024-09-03T10:00:00Z or 2024-09-03`)
}

/** null: it is not given. */
function parseWhole(
  name: string,
  parameters: URLSearchParams,
  { min, max }: { readonly min: number; readonly max: number },
): number | null {
  const text = parameters.get(name)
  if (text === null) return null
  const value = /^\d{1,16}$/.test(text) ? Number(text) : -1
  if (value >= min && value <= max) return value
  return refuse(`'${name}' is '${text}'; write a whole number from ${min} to ${max}`)
}

function parseCursor(parameters: URLSearchParams): string | null {
  const cursor = parameters.get('cursor')
  if (cursor === null) return null
  if (cursor !== '' && cursor.length <= CURSOR_LENGTH_MAX) return cursor
  return refuse(`'cursor' is not one that was given as 'next'; leave it out to begin anew`)
}

function refuse(detail: string): never {
  throw new Fault('QUERY_INVALID', detail)
}
