/**
 * A mapping says what the columns of a CSV file mean: a small JSON document, checked here,
 * described by docs/reference/mapping.md and, for editors, by docs/reference/mapping.schema.json.
 */
import { z } from 'zod'
import type { DecimalSign, GroupSign } from '../model/number-text.ts'
import { DECIMAL_SIGNS, GROUP_SIGNS, isNumberForm } from '../model/number-text.ts'
import {
  isTimePattern,
  isTimeZone,
  TIME_PATTERN_RULE,
  TIME_ZONE_RULE,
} from '../model/time-pattern.ts'
import { Fault, messageOf } from '../std/fault.ts'

export interface Mapping {
  readonly format: 'csv'
  /** Between cells; a comma unless it is said. */
  readonly delimiter?: ',' | ';' | '\t' | '|'
  /** UTF-8 unless it is said; ISO 8859-1 is a part of windows-1252. */
  readonly encoding?: Encoding
  /** The names of the columns, for a file that has no header line. */
  readonly columns?: readonly string[]
  readonly event_type: TypeSource
  readonly user_id: TextSource
  /** Derived from the line unless it is said. */
  readonly event_id?: ColumnSource | LineSource
  readonly timestamp: TimeSource
  readonly session_id?: ColumnSource
  /** Fields of `data` in events of every type. */
  readonly data?: DataSources
  /** Fields of `data` in events of one type; one that is in `data` too wins over it. */
  readonly data_by_type?: { readonly [eventType: string]: DataSources }
}

export type Encoding = 'utf-8' | 'windows-1252'

export interface ColumnSource {
  readonly column: string
}

export interface TextSource extends ColumnSource {
  /** What an empty cell stands for; without it the field is left out. */
  readonly default?: string
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
  /** `rfc3339`, `epoch_s`, `epoch_ms`, or fields and literals: `yyyy-MM-dd HH:mm:ss`. */
  readonly pattern: string
  /** Of a pattern of fields: a zone's name, or an offset such as `+05:30`; else UTC. */
  readonly zone?: string
}

/** How the numbers of cells are written; as in JSON unless `decimal` is said. */
interface NumberCells {
  readonly decimal?: DecimalSign
  /** Between groups of three digits; the other of point and comma unless it is said. */
  readonly group?: GroupSign
}

type Constant = string | number | boolean

export type CellSource = ColumnSource & {
  readonly as?: 'string' | 'number' | 'integer' | 'boolean'
  /** What an empty cell stands for; without it the field is left out. */
  readonly default?: Constant
} & NumberCells

/** The exact product of the numbers of columns. */
export type ProductSource = { readonly multiply: readonly string[] } & NumberCells

export type ScalarSource = CellSource | ProductSource | { readonly constant: Constant } | LineSource

/** A field of `data`: one value, or a list of objects. */
export type FieldSource = ScalarSource | { readonly list: readonly ScalarSources[] }

export interface ScalarSources {
  readonly [field: string]: ScalarSource
}

export interface DataSources {
  readonly [field: string]: FieldSource
}

const NOT_TOLD = { error: 'decimal and group are two signs, and group needs decimal' }

function isNumeric({ as, decimal, group }: CellSource): boolean {
  return as === 'number' || as === 'integer' || (decimal === undefined && group === undefined)
}

/** Whether it is told how the numbers are written, or that they are those of JSON. */
function isTold({ decimal, group }: NumberCells): boolean {
  return decimal === undefined ? group === undefined : isNumberForm({ decimal, group })
}

const name = z.string().min(1)
const columnSource = z.strictObject({ column: name })
const textSource = z.strictObject({ column: name, default: name.exactOptional() })
const constant = z.union([z.string(), z.number(), z.boolean()])
const numberCells = {
  decimal: z.enum(DECIMAL_SIGNS).exactOptional(),
  group: z.enum(GROUP_SIGNS).exactOptional(),
}
const lineSource = z.strictObject({ derive: z.literal('line') })
const scalarSource = z.union([
  z
    .strictObject({
      column: name,
      as: z.enum(['string', 'number', 'integer', 'boolean']).exactOptional(),
      default: constant.exactOptional(),
      ...numberCells,
    })
    .refine(isNumeric, { error: 'decimal and group are of numbers: say "as": "number"' })
    .refine(isTold, NOT_TOLD),
  z.strictObject({ multiply: z.array(name).min(2), ...numberCells }).refine(isTold, NOT_TOLD),
  z.strictObject({ constant }),
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
  pattern: z.string().refine(isTimePattern, { error: TIME_PATTERN_RULE }),
  zone: z.string().refine(isTimeZone, { error: TIME_ZONE_RULE }).exactOptional(),
})

/** What a mapping document must look like; the JSON Schema is made from it. */
export const MAPPING_SCHEMA: z.ZodType<Mapping> = z.strictObject({
  format: z.literal('csv'),
  delimiter: z.enum([',', ';', '\t', '|']).exactOptional().describe('between cells; else a comma'),
  encoding: z.enum(['utf-8', 'windows-1252']).exactOptional().describe('else utf-8'),
  columns: z.array(name).min(1).exactOptional().describe('of a file without a header line'),
  event_type: typeSource.describe('one for all lines, or told by the value of a column'),
  user_id: textSource.describe('whose event it is'),
  event_id: z
    .union([columnSource, lineSource])
    .exactOptional()
    .describe('else derived from the line and its number'),
  timestamp: timeSource.describe('rfc3339, epoch_s, epoch_ms, or fields: yyyy-MM-dd HH:mm:ss'),
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
