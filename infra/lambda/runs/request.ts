/** What `POST /runs` may ask for: `{"from","to","metrics","run"}`, each of which may be missing. */

import { RUN_NAME } from '../../../src/model/run.ts'
import { parseBound } from '../../../src/model/time.ts'
import { isScheduled } from './schedule.ts'

export interface Wanted {
  /** null: named after the time. */
  readonly run: string | null
  /** Windows that begin within; null: all of the lake. */
  readonly range: { readonly fromMs: number; readonly toMs: number } | null
  /** In the order of the config. */
  readonly metrics: readonly string[]
}

const FIELDS = ['from', 'to', 'metrics', 'run']
const BODY_MAX = 64 * 1024
const SHOWN_MAX = 100

/** A text is what is wrong with the body. `known`: the metrics that there are. */
export function parseRequest(body: string, known: readonly string[]): Wanted | string {
  if (body.length > BODY_MAX) return `the body is longer than ${BODY_MAX} characters`
  const fields = parseObject(body.trim() === '' ? '{}' : body)
  if (fields === null) return 'the body is no JSON object'
  const stranger = Object.keys(fields).find(name => !FIELDS.includes(name))
  if (stranger !== undefined) return `'${stranger}' is unknown; there are: ${FIELDS.join(', ')}`
  const range = parseRange(fields)
  if (typeof range === 'string') return range
  const run = fields['run'] ?? null
  if (run !== null && (typeof run !== 'string' || !RUN_NAME.test(run))) {
    return 'run is no name: write letters, digits, _, = and -, 100 at most'
  }
  if (run !== null && isScheduled(run)) return `run '${run}' is a name of the schedule's`
  const metrics = parseMetrics(fields['metrics'] ?? null, known)
  return typeof metrics === 'string' ? metrics : { run, range, metrics }
}

function parseObject(body: string): { readonly [name: string]: unknown } | null {
  try {
    const value: unknown = JSON.parse(body)
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value)
    return isObject ? (value as { readonly [name: string]: unknown }) : null
  } catch {
    return null
  }
}

function parseRange(fields: { readonly [name: string]: unknown }): Wanted['range'] | string {
  const [from, to] = [fields['from'] ?? null, fields['to'] ?? null]
  if (from === null && to === null) return null
  if (from === null || to === null) return 'give both from and to, or neither'
  const fromMs = typeof from === 'string' ? parseBound(from) : null
  const toMs = typeof to === 'string' ? parseBound(to) : null
  if (fromMs === null) return 'from is no time: write 2026-11-22T00:00:00Z, or a date'
  if (toMs === null) return 'to is no time: write 2026-11-23T00:00:00Z, or a date'
  return fromMs < toMs ? { fromMs, toMs } : 'from is not before to'
}

function parseMetrics(value: unknown, known: readonly string[]): readonly string[] | string {
  if (value === null) return known
  if (!Array.isArray(value) || value.length === 0) return 'metrics is no list of names'
  const stranger = value.find(name => typeof name !== 'string' || !known.includes(name))
  if (stranger === undefined) return known.filter(name => value.includes(name))
  const shown = JSON.stringify(stranger).slice(0, SHOWN_MAX)
  return `metric ${shown} is unknown; there are: ${known.join(', ')}`
}
