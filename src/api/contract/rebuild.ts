/** Rebuilds on the wire: what is asked for, and how far it is. */
import { z } from 'zod'
import type { Problem } from '../../model/problem.ts'
import { parseBound } from '../../model/time.ts'
import { problemSchema } from './answers.ts'

export interface RebuildAsk {
  /** RFC 3339; both null: everything. */
  readonly from: string | null
  readonly to: string | null
  /** Names; null: all metrics. */
  readonly metrics: readonly string[] | null
  /** `try` shows what would change, and changes nothing. */
  readonly mode: 'try' | 'swap'
}

export type RebuildState =
  | { readonly rebuild: string; readonly state: 'running'; readonly progress: string }
  | { readonly rebuild: string; readonly state: 'done'; readonly report: unknown }
  | { readonly rebuild: string; readonly state: 'failed'; readonly problem: Problem }

const bound = z
  .string()
  .refine(text => parseBound(text) !== null, 'is no time')
  .nullable()

export const rebuildAskSchema: z.ZodType<RebuildAsk> = z.strictObject({
  from: bound,
  to: bound,
  metrics: z.array(z.string()).nullable(),
  mode: z.enum(['try', 'swap']),
})

export const rebuildStateSchema: z.ZodType<RebuildState> = z.discriminatedUnion('state', [
  z.strictObject({ rebuild: z.string(), state: z.literal('running'), progress: z.string() }),
  z.strictObject({ rebuild: z.string(), state: z.literal('done'), report: z.unknown() }),
  z.strictObject({ rebuild: z.string(), state: z.literal('failed'), problem: problemSchema }),
])
