/** What a repair came to, or would come to, as `POST /v1/quarantine/repair` answers it. */

export interface RepairTold {
  readonly dry_run: boolean
  readonly chosen: number
  readonly repaired_before: number
  readonly valid: number
  /** By reason. */
  readonly still_invalid: Readonly<Record<string, number>>
  /** By what is wrong. */
  readonly unfit: Readonly<Record<string, number>>
  /** null: of a dry run. */
  readonly sent: number | null
  /** null: not of a dry run. */
  readonly examples: readonly RepairExample[] | null
}

export interface RepairExample {
  readonly before: { readonly value: string | null }
  readonly after: string
}

export function parseRepair(json: unknown): RepairTold {
  if (typeof json === 'object' && json !== null && 'chosen' in json) return json as RepairTold
  throw new TypeError('the answer is not that of a repair')
}
