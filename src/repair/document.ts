/**
 * A repair says which rejects are meant, and what is done to each: a small JSON document, checked
 * here, described by docs/reference/repair.md and, for editors, by repair.schema.json beside it.
 */
import { z } from 'zod'
import { EVENT_DEPTH_MAX } from '../model/event.ts'
import type { DecimalSign, GroupSign } from '../model/number-text.ts'
import { DECIMAL_SIGNS, GROUP_SIGNS, isNumberForm } from '../model/number-text.ts'
import { parseBound } from '../model/time.ts'
import {
  isTimePattern,
  isTimeZone,
  TIME_PATTERN_RULE,
  TIME_ZONE_RULE,
} from '../model/time-pattern.ts'
import type { InvalidCode } from '../model/verdict.ts'
import { INVALID_CODES } from '../model/verdict.ts'
import { Fault, messageOf } from '../std/fault.ts'
import { parsePattern } from './pattern.ts'
import { parsePointer } from './tree.ts'

export interface RepairDocument {
  readonly select: {
    readonly code?: InvalidCode
    readonly topic?: string
    /** RFC 3339, or a date; arrivals from then on, and before `to`. */
    readonly from?: string
    readonly to?: string
    /** The field at fault, as the quarantine tells it. */
    readonly pointer?: string
  }
  readonly transform: readonly OperationDocument[]
}

export type OperationDocument =
  | { readonly replace: string; readonly with: string }
  | { readonly set: string; readonly value: unknown }
  | { readonly default: string; readonly value: unknown }
  | { readonly move: string; readonly to: string }
  | { readonly remove: string }
  | { readonly number: string; readonly decimal: DecimalSign; readonly group?: GroupSign }
  | { readonly text: string }
  | { readonly time: string; readonly pattern: string; readonly zone?: string }
  | {
      readonly map: string
      readonly values: { readonly [text: string]: unknown }
      /** What becomes of an event whose value is not in the table; `keep` unless it is said. */
      readonly other?: 'keep' | 'refuse'
    }

const OPERATIONS_MAX = 50
const POINTER_LENGTH_MAX = 1_024
const TEXT_LENGTH_MAX = 4_096
const VALUES_MAX = 1_000

const text = z.string().max(TEXT_LENGTH_MAX)
const pointer = z
  .string()
  .max(POINTER_LENGTH_MAX)
  .regex(/^(\/([^~/]|~[01])*)*$/, { error: "write a JSON pointer: '/data/total_amount'" })
  .refine(given => (parsePointer(given) ?? []).length < EVENT_DEPTH_MAX, {
    error: `name a place that is less than ${EVENT_DEPTH_MAX} deep`,
  })
const member = pointer.refine(given => given !== '', { error: "name a field: '/data'" })
const time = z
  .string()
  .refine(given => parseBound(given) !== null, { error: 'write 2024-09-03T10:00:00Z or a date' })
const value = z.union([
  z.string(),
  z.number(),
  z.boolean(),
  z.null(),
  z.array(z.unknown()),
  z.record(z.string(), z.unknown()),
])
const scalar = z.union([z.string(), z.number(), z.boolean(), z.null()])

const operations = [
  z.strictObject({
    replace: text.min(1).superRefine((given, context) => {
      try {
        parsePattern(given)
      } catch (error) {
        context.addIssue({ code: 'custom', message: messageOf(error) })
      }
    }),
    with: text,
  }),
  z.strictObject({ set: pointer, value }),
  z.strictObject({ default: member, value }),
  z.strictObject({ move: member, to: pointer }).refine(isMove, { error: 'moves into itself' }),
  z.strictObject({ remove: member }),
  z
    .strictObject({
      number: member,
      decimal: z.enum(DECIMAL_SIGNS),
      group: z.enum(GROUP_SIGNS).exactOptional(),
    })
    .refine(isNumberForm, { error: 'one sign for two things' }),
  z.strictObject({ text: member }),
  z.strictObject({
    time: member,
    pattern: z.string().refine(isTimePattern, { error: TIME_PATTERN_RULE }),
    zone: z.string().refine(isTimeZone, { error: TIME_ZONE_RULE }).exactOptional(),
  }),
  z.strictObject({
    map: member,
    values: z.record(z.string(), scalar).refine(given => Object.keys(given).length <= VALUES_MAX, {
      error: `name at most ${VALUES_MAX} values`,
    }),
    other: z.enum(['keep', 'refuse']).exactOptional(),
  }),
] as const

/** What a repair document must look like; the JSON Schema is made from it. */
export const REPAIR_SCHEMA: z.ZodType<RepairDocument> = z.strictObject({
  select: z
    .strictObject({
      code: z.enum(Object.keys(INVALID_CODES) as InvalidCode[]).exactOptional(),
      topic: z.string().min(1).exactOptional(),
      from: time.exactOptional(),
      to: time.exactOptional(),
      pointer: z.string().exactOptional(),
    })
    .describe('which rejects are meant: all that fit everything that is said'),
  transform: z
    .array(z.union(operations))
    .max(OPERATIONS_MAX)
    .refine(isOrdered, { error: 'replace works on bytes: put it before all others' })
    .describe('what is done to each, in this order; maybe nothing'),
})

function isMove({ move, to }: { readonly move: string; readonly to: string }): boolean {
  return to !== move && !to.startsWith(`${move}/`)
}

function isOrdered(given: readonly object[]): boolean {
  const last = given.findLastIndex(one => 'replace' in one)
  return given.slice(0, last + 1).every(one => 'replace' in one)
}

/** Checks a document. `where` names the file. Throws CONFIG_INVALID with every fault. */
export function checkDocument(json: unknown, where: string): RepairDocument {
  const result = REPAIR_SCHEMA.safeParse(json)
  if (result.success) return result.data
  const faults = result.error.issues.flatMap(issue => describe(issue, []))
  throw new Fault(
    'CONFIG_INVALID',
    `the repair ${where} is wrong: ${faults.join('; ')}; ` +
      'docs/reference/repair.md says what it holds',
  )
}

type Issue = z.core.$ZodIssue

/** `transform[2].number: …`; of a union, what is wrong with the operation that was meant. */
function describe(issue: Issue, parents: readonly PropertyKey[]): readonly string[] {
  const path = [...parents, ...issue.path]
  if (issue.code === 'invalid_union' && issue.errors.length > 0) {
    const closest = issue.errors.reduce((best, next) =>
      distance(next) < distance(best) ? next : best,
    )
    return closest.flatMap(inner => describe(inner, path))
  }
  return [`${toPathText(path)}: ${issue.message.charAt(0).toLowerCase()}${issue.message.slice(1)}`]
}

/** A member that is not known, or that is missing, tells that another alternative was meant. */
function distance(issues: readonly Issue[]): number {
  let total = issues.length
  for (const issue of issues) if (issue.code === 'unrecognized_keys') total += issue.keys.length
  return total
}

function toPathText(path: readonly PropertyKey[]): string {
  const steps = path.map(step => (typeof step === 'number' ? `[${step}]` : `.${String(step)}`))
  return steps.join('').replace(/^\./, '')
}
