/** What a route says of itself: enough to parse, check, document and guard it. */
import type { z } from 'zod'
import type { ProblemCode } from '../../model/problem.ts'

/** What a key must allow. null: nobody is asked for one. */
export type Scope = 'write' | 'read' | 'admin' | null

export type Media =
  | 'application/json'
  | 'application/x-ndjson'
  | 'text/csv; charset=utf-8'
  | 'text/event-stream; charset=utf-8'
  | 'text/html; charset=utf-8'
  | 'text/plain; version=0.0.4; charset=utf-8'

export interface Parameter {
  readonly name: string
  readonly in: 'query' | 'path' | 'header'
  readonly about: string
  /** Of one value, as it is read: a number, where its text is one. */
  readonly schema: z.ZodType
  readonly example: string | number
  /** May be told several times; also as one, with commas between. */
  readonly isList?: boolean
}

export interface Answer {
  readonly status: number
  readonly about: string
  /** The first is what comes where the client does not say. */
  readonly media: readonly Media[]
  /** Of lines of JSON the schema of one line; null: no JSON. */
  readonly schema: z.ZodType | null
}

export interface Body {
  readonly media: readonly string[]
  readonly about: string
  /** null: any bytes. */
  readonly schema: z.ZodType | null
  readonly example: unknown
}

export interface Route {
  readonly method: 'GET' | 'POST'
  /** As OpenAPI writes it. */
  readonly path: string
  readonly summary: string
  readonly about: string
  readonly scope: Scope
  readonly parameters: readonly Parameter[]
  /** Whether `key.NAME` filters by fields of the metric's key. */
  readonly hasKeys: boolean
  readonly body: Body | null
  readonly answers: readonly Answer[]
  /** Beside those that every route may give. */
  readonly problems: readonly ProblemCode[]
}

/** What every route may give. */
export const COMMON_PROBLEMS: readonly ProblemCode[] = [
  'query_invalid',
  'host_refused',
  'method_not_allowed',
  'internal',
  'busy',
  'draining',
  'rate_limited',
  'request_slow',
  'store_unavailable',
]

/** What every route that needs a key may give. */
export const KEY_PROBLEMS: readonly ProblemCode[] = ['unauthorized', 'forbidden']

/** Of every route that takes events. */
export const COLLECT_PROBLEMS: readonly ProblemCode[] = [
  'body_too_large',
  'encoding_invalid',
  'encoding_unsupported',
  'header_invalid',
  'items_too_many',
  'log_full',
  'log_unavailable',
  'not_here',
  'origin_refused',
  'type_unsupported',
]
