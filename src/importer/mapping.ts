/**
 * A mapping says what the columns of a CSV file mean: a small JSON document, checked here,
 * described by docs/reference/mapping.md and, for editors, by docs/reference/mapping.schema.json.
 */
import { z } from 'zod'
import { parsePattern } from '../model/time-pattern.ts'
import { Fault, messageOf } from '../std/fault.ts'

export interface Mapping {
  readonly format: 'csv'
  /** Between cells; a comma unless it is said. */
  readonly delimiter?: ',' | ';' | '\t' | '|'
  /** The names of the columns, for a file that has no header line. */
  readonly columns?: readonly string[]
  readonly event_type: TypeSource
  readonly user_id: ColumnSource
  /** Derived from the line unless it is said. */
  readonly event_id?: ColumnSource | LineSource
  readonly timestamp: TimeSource
  readonly session_id?: ColumnSource
  /** Fields of `data` in events of every type. */
  readonly data?: DataSources
  /** Fields of `data` in events of one type; one that is in `data` too wins over it. */
  readonly data_by_type?: { readonly [eventType: string]: DataSources }
}

export interface ColumnSource {
  readonly column: string
}

/** A hash of the line and its number: the same file gives the same value again. */
export interface LineSource {
  readonly derive: 'line'
}

export type TypeSource =
  | { readonly constant: string }
  | {
      readonly column: string
      /** Cell to event type. Without it, the cell is the event type. */
      readonly values?: { readonly [cell: string]: string }
      /** What becomes of a line whose cell is not in `values`; `reject` unless it is said. */
      readonly other?: 'reject' | 'skip'
    }

export interface TimeSource {
  readonly column: string
  /** `rfc3339`, `epoch_s`, `epoch_ms`, or a pattern of yyyy MM dd HH mm ss SSS and literals. */
  readonly pattern: string
  /** Of a pattern: `UTC` (unless it is said) or an offset such as `+05:30`. */
  readonly zone?: string
}

export type CellType = 'string' | 'number' | 'integer' | 'boolean'

export type ScalarSource =
  | { readonly column: string; readonly as?: CellType }
  | { readonly constant: string | number | boolean }
  | LineSource

/** A field of `data`: one value, or a list of objects. */
export type FieldSource = ScalarSource | { readonly list: readonly ScalarSources[] }

export interface ScalarSources {
  readonly [field: string]: ScalarSource
}

export interface DataSources {
  readonly [field: string]: FieldSource
}

const name = z.string().min(1)
const columnSource = z.strictObject({ column: name })
const lineSource = z.strictObject({ derive: z.literal('line') })
const scalarSource = z.union([
  z.strictObject({
    column: name,
    as: z.enum(['string', 'number', 'integer', 'boolean']).exactOptional(),
  }),
  z.strictObject({ constant: z.union([z.string(), z.number(), z.boolean()]) }),
  lineSource,
])
const listSource = z.strictObject({ list: z.array(z.record(name, scalarSource)).min(1) })
const dataSources = z.record(name, z.union([...scalarSource.options, listSource]))

const typeSource = z.union([
  z.strictObject({ constant: name }),
  z.strictObject({
    column: name,
    values: z.record(z.string(), name).exactOptional(),
    other: z.enum(['reject', 'skip']).exactOptional(),
  }),
])
const timeSource = z.strictObject({
  column: name,
  pattern: z.string().refine(isPattern, {
    error: 'use rfc3339, epoch_s, epoch_ms, or yyyy MM dd HH mm ss SSS with literals in quotes',
  }),
  zone: z
    .string()
    .regex(/^(UTC|[+-]([01]\d|2[0-3]):[0-5]\d)$/, { error: "use 'UTC' or an offset: '+05:30'" })
    .exactOptional(),
})

/** What a mapping document must look like; the JSON Schema is made from it. */
export const MAPPING_SCHEMA: z.ZodType<Mapping> = z.strictObject({
  format: z.literal('csv'),
  delimiter: z.enum([',', ';', '\t', '|']).exactOptional().describe('between cells; else a comma'),
  columns: z.array(name).min(1).exactOptional().describe('of a file without a header line'),
  event_type: typeSource.describe('one for all lines, or told by the value of a column'),
  user_id: columnSource.describe('whose event it is'),
  event_id: z
    .union([columnSource, lineSource])
    .exactOptional()
    .describe('else derived from the line and its number'),
  timestamp: timeSource.describe(
    'rfc3339, epoch_s, epoch_ms, or a pattern of yyyy MM dd HH mm ss SSS',
  ),
  session_id: columnSource.exactOptional().describe('of the visit'),
  data: dataSources.exactOptional().describe('fields of events of every type'),
  data_by_type: z
    .record(name, dataSources)
    .exactOptional()
    .describe('fields of events of one type'),
})

/**
 * Reads a mapping from its JSON text. `where` names the file in messages. Throws CONFIG_INVALID
 * with the path of every wrong member.
 */
export function parseMapping(text: string, where: string): Mapping {
  const result = MAPPING_SCHEMA.safeParse(parseJson(text, where))
  if (result.success) return result.data
  const faults = result.error.issues.map(issue => describe(issue, []))
  throw new Fault(
    'CONFIG_INVALID',
    `the mapping ${where} is wrong: ${faults.join('; ')}; ` +
      'docs/reference/mapping.md says what it holds',
  )
}

function parseJson(text: string, where: string): unknown {
  try {
    return JSON.parse(text.replace(/^\ufeff/, ''))
  } catch (cause) {
    const why = messageOf(cause)
    throw new Fault('CONFIG_INVALID', `the mapping ${where} is not JSON: ${why}`, { cause })
  }
}

function isPattern(pattern: string): boolean {
  return parsePattern(pattern) !== null
}

type Issue = z.core.$ZodIssue

/** `$.timestamp.pattern: …`; of a union, what is wrong with the alternative that comes closest. */
function describe(issue: Issue, parents: readonly PropertyKey[]): string {
  const path = [...parents, ...issue.path]
  if (issue.code === 'invalid_union' && issue.errors.length > 0) {
    const closest = issue.errors.reduce((best, next) =>
      distance(next) < distance(best) ? next : best,
    )
    return closest.map(inner => describe(inner, path)).join('; ')
  }
  return `${toJsonPath(path)}: ${issue.message.charAt(0).toLowerCase()}${issue.message.slice(1)}`
}

/** A member that is not known, or that is missing, tells that another alternative was meant. */
function distance(issues: readonly Issue[]): number {
  let total = issues.length
  for (const issue of issues) if (issue.code === 'unrecognized_keys') total += issue.keys.length
  return total
}

function toJsonPath(path: readonly PropertyKey[]): string {
  const steps = path.map(step => {
    if (typeof step === 'number') return `[${step}]`
    const text = String(step)
    return /^[A-Za-z_]\w*$/.test(text) ? `.${text}` : `[${JSON.stringify(text)}]`
  })
  return `$${steps.join('')}`
}
