/** What a request asks, read off its query string strictly: what is not understood is refused. */
import type { MetricPlan } from '../model/plan.ts'
import type { Question, RejectFilter } from '../model/result.ts'
import { LAST_MAX, LIMIT_DEFAULT, LIMIT_MAX } from '../model/result.ts'
import { parseBound } from '../model/time.ts'
import type { InvalidCode } from '../model/verdict.ts'
import { INVALID_CODES } from '../model/verdict.ts'
import { Fault } from '../std/fault.ts'
import type { Route } from './contract.ts'

export const QUARANTINE_LIMIT_DEFAULT = 100
/** Of values of 64 KiB at most: 32 MiB. */
export const QUARANTINE_LIMIT_MAX = 500
/** Records of each partition. */
export const BACK_MAX = 1_000
const PARTITION_MAX = 1_000_000
const CURSOR_LENGTH_MAX = 4_096
const ZONE_NAMES = ['zone', 'tz', 'timezone', 'time_zone']

/** The question of `GET /v1/metrics/{name}`. Throws QUERY_INVALID. */
export function parseQuestion(plan: MetricPlan, parameters: URLSearchParams): Question {
  const { fromMs, toMs } = parseRange(
    parameters,
    "windows start at or after 'from' and before 'to'",
  )
  const limit = parseWhole('limit', parameters, { min: 1, max: LIMIT_MAX }) ?? LIMIT_DEFAULT
  const last = parseWhole('last', parameters, { min: 1, max: LAST_MAX })
  const source = parameters.get('source')
  return { metric: plan.name, fromMs, toMs, last, limit, cursor: parseCursor(parameters), source }
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

/** How many records of each partition a tail begins with. Throws QUERY_INVALID. */
export function parseBack(parameters: URLSearchParams): number {
  return parseWhole('back', parameters, { min: 0, max: BACK_MAX }) ?? 0
}

/** Throws QUERY_INVALID for a parameter that the route does not have, or that comes twice. */
export function assertParameters(route: Route, parameters: URLSearchParams): void {
  const seen = new Set<string>()
  for (const name of parameters.keys()) {
    if (!route.parameters.includes(name)) refuseName(name, route)
    if (seen.has(name)) refuse(`parameter '${name}' is given twice; give it once`)
    seen.add(name)
  }
}

function refuseName(name: string, route: Route): never {
  if (ZONE_NAMES.includes(name) && route.parameters.includes('from')) {
    refuse(`a metric is answered in its own zone, not by '${name}'; declare a metric per zone`)
  }
  const known = route.parameters.map(parameter => `'${parameter}'`).join(', ')
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
