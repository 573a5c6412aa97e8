/** What the server says: the shapes are those of its contract; that a list is one is checked. */
import type { AuditAnswer, QuarantineAnswer, RejectAnswer } from '../../../src/api/contract.ts'
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

export function parseRejects(json: unknown): readonly RejectAnswer[] {
  return (parseWith(json, 'rejects') as unknown as QuarantineAnswer).rejects
}

export function parseResultChange(json: unknown): ResultChange {
  parseWith(json, 'windows')
  return parseWith(json, 'rows') as unknown as ResultChange
}

/** What an error answer (RFC 9457) says, or its status. */
export function parseProblem(json: unknown, status: number): string {
  if (!isObject(json)) return `status ${status}`
  const text = json['detail'] ?? json['title']
  return typeof text === 'string' ? text : `status ${status}`
}

function parseWith(json: unknown, list: string): { readonly [name: string]: unknown } {
  if (isObject(json) && Array.isArray(json[list])) return json
  throw new TypeError(`the answer has no list '${list}'`)
}

function isObject(json: unknown): json is { readonly [name: string]: unknown } {
  return typeof json === 'object' && json !== null
}
