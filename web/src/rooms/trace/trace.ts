/** What became of an event, as `GET /v1/events/{event_id}` answers it. */
import type { ResultRow } from '../../../../src/model/result.ts'

export interface Traced {
  readonly event_id: string
  readonly from: string
  readonly to: string
  readonly searched: {
    readonly log_bytes: number
    readonly lake_files: number
    /** Whether a bound ended the search before the range did. */
    readonly is_cut: boolean
  }
  readonly copies: readonly TracedCopy[]
}

export interface TracedCopy {
  readonly topic: string
  readonly partition: number
  readonly offset: number
  readonly arrival: string | null
  readonly user_id: string | null
  readonly verdict: 'accepted' | 'duplicate' | 'invalid' | 'pending'
  readonly code: string | null
  readonly pointer: string | null
  readonly repaired: string | null
  readonly in_log: boolean
  /** Key of the Parquet object; null: none holds it, yet. */
  readonly object: string | null
  /** null: it does not count, or its bytes are no longer in the log. */
  readonly windows: readonly TracedWindow[] | null
}

export interface TracedWindow {
  readonly metric: string
  readonly window_start: string | null
  readonly window_end: string | null
  readonly key: ResultRow['key']
  /** What it adds there, were it alone. */
  readonly adds: ResultRow['values']
  /** It counts only if no earlier event of the user has the same value in this field. */
  readonly counts_once: string | null
}

export function parseTrace(json: unknown): Traced {
  if (typeof json === 'object' && json !== null && 'copies' in json) return json as Traced
  throw new TypeError('the answer is not that of a trace')
}

export function toTracePath(id: string, from: string, to: string): string {
  const query = new URLSearchParams()
  if (from !== '') query.set('from', from)
  if (to !== '') query.set('to', to)
  const text = query.toString()
  return `v1/events/${encodeURIComponent(id)}${text === '' ? '' : `?${text}`}`
}
