/** Events as bytes of a text/event-stream, made once for all clients. */
import { toUtf8 } from '../std/bytes.ts'
import { SECOND_MS } from '../std/units.ts'
import type { LiveEvent } from './event.ts'

export interface Frame {
  /** null: no event, or one that nobody can resume from. */
  readonly id: string | null
  /** The metric that it is about; null: it is for everyone. */
  readonly metric: string | null
  readonly bytes: Uint8Array
}

/** How long a browser waits before it comes back. */
const RETRY_MS = 2 * SECOND_MS

export const PREAMBLE: Frame = { id: null, metric: null, bytes: toUtf8(`retry: ${RETRY_MS}\n\n`) }
/** A comment: it keeps proxies from closing the connection, and finds out who is gone. */
export const HEARTBEAT: Frame = { id: null, metric: null, bytes: toUtf8(': heartbeat\n\n') }

/** Ids hold no line break; JSON never does. */
export function toFrame(event: LiveEvent): Frame {
  const data = JSON.stringify(event.data)
  const bytes = toUtf8(`id: ${event.id}\nevent: ${event.name}\ndata: ${data}\n\n`)
  return { id: event.id, metric: 'metric' in event.data ? event.data.metric : null, bytes }
}

export function toResetFrame(): Frame {
  return { id: null, metric: null, bytes: toUtf8('event: reset\ndata: {}\n\n') }
}
