/** What the server says: the shapes are those of its contract; that a list is one is checked. */
import type {
  AuditAnswer,
  MetricsAnswer,
  QuarantineAnswer,
  TailRecord,
} from '../../../src/api/contract.ts'
import type { Result, ResultRow } from '../../../src/model/result.ts'

export interface ResultChange {
  readonly metric: string
  /** The windows told anew, by their start; null is the one of `all`. */
  readonly windows: readonly (string | null)[]
  /** All rows of these windows. */
  readonly rows: readonly ResultRow[]
}

export function parseResult(json: unknown): Result {
  return parseWith(json, 'rows') as unknown as Result
}

export function parseAudit(json: unknown): AuditAnswer {
  return parseWith(json, 'partitions') as unknown as AuditAnswer
}

export function parseResultChange(json: unknown): ResultChange {
  parseWith(json, 'windows')
  return parseWith(json, 'rows') as unknown as ResultChange
}

/** What a server says when it refuses (RFC 9457). */
export interface Problem {
  /** 0: there was no answer. */
  readonly status: number
  readonly code: string
  readonly title: string
  readonly detail: string
}

/** A gateway says no more than `Too Many Requests`. */
const TOO_MANY = 'too many requests for now; this page asks again by itself'

export function parseProblem(json: unknown, status: number): Problem {
  const told = isObject(json) ? json : {}
  const textOf = (name: string): string | null =>
    typeof told[name] === 'string' ? told[name] : null
  const title = textOf('title') ?? textOf('message') ?? `status ${status}`
  const detail = textOf('detail') ?? (status === 429 ? TOO_MANY : title)
  return { status, code: textOf('code') ?? '', title, detail }
}

export function parseMetrics(json: unknown): MetricsAnswer['metrics'] {
  return (parseWith(json, 'metrics') as unknown as MetricsAnswer).metrics
}

export function parseQuarantine(json: unknown): QuarantineAnswer {
  return parseWith(json, 'rejects') as unknown as QuarantineAnswer
}

/** One record of the log, as the tail and the sampled stream tell it. */
export function parseRecords(json: unknown): readonly TailRecord[] {
  const list: unknown = Array.isArray(json) || !isObject(json) ? json : json['records']
  if (Array.isArray(list)) return list as readonly TailRecord[]
  throw new TypeError('the line holds no records')
}

/** How many records a sample left out. */
export function parseSkipped(json: unknown): number {
  const skipped = isObject(json) ? json['skipped'] : 0
  return typeof skipped === 'number' ? skipped : 0
}

/** What `GET /openapi.json` says can be asked for, as `GET /v1/audit`. */
export function parseRoutes(json: unknown): ReadonlySet<string> {
  const paths = isObject(json) && isObject(json['paths']) ? json['paths'] : {}
  const routes = Object.entries(paths).flatMap(([path, methods]) =>
    Object.keys(isObject(methods) ? methods : {}).map(name => `${name.toUpperCase()} ${path}`),
  )
  return new Set(routes)
}

function parseWith(json: unknown, list: string): { readonly [name: string]: unknown } {
  if (isObject(json) && Array.isArray(json[list])) return json
  throw new TypeError(`the answer has no list '${list}'`)
}

function isObject(json: unknown): json is { readonly [name: string]: unknown } {
  return typeof json === 'object' && json !== null
}
