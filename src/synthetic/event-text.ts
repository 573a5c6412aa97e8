/** Events as text: written by templates, since a generator must outrun what it feeds. */
import type { Prng } from '../std/prng.ts'
import { SECOND_MS } from '../std/units.ts'

export interface EventParts {
  readonly eventId: string
  readonly eventType: string
  readonly userId: string
  /** RFC 3339. */
  readonly timestamp: string
  readonly visitId: string
  /** JSON object. */
  readonly data: string
}

/** One event as JSON. No part needs an escape. */
export function toEventText(parts: EventParts): string {
  const { eventId, eventType, userId, timestamp, visitId, data } = parts
  const ids = `"event_id":"${eventId}","event_type":"${eventType}","user_id":"${userId}"`
  return `{${ids},"timestamp":"${timestamp}","session_id":"${visitId}","data":${data}}`
}

const BYTE_HEX: readonly string[] = Array.from({ length: 256 }, (_, byte) =>
  byte.toString(16).padStart(2, '0'),
)

/** Eight lower-case hex digits. */
export function toHex32(word: number): string {
  return toHex16(word >>> 16) + toHex16(word & 0xffff)
}

function toHex16(word: number): string {
  return `${BYTE_HEX[word >>> 8]}${BYTE_HEX[word & 0xff]}`
}

/** A UUID of version 4 (RFC 9562, section 5.4), in canonical form. */
export function toUuid(prng: Prng): string {
  const second = prng.nextUint32()
  const third = prng.nextUint32()
  const version = toHex16((second & 0x0fff) | 0x4000)
  const variant = toHex16(((third >>> 16) & 0x3fff) | 0x8000)
  const head = `${toHex32(prng.nextUint32())}-${toHex16(second >>> 16)}-${version}-${variant}`
  return `${head}-${toHex16(third & 0xffff)}${toHex32(prng.nextUint32())}`
}

/** Writes instants as `YYYY-MM-DDTHH:MM:SS.mmmZ`, fast where many fall into one second. */
export function createTimeWriter(): (timeMs: number) => string {
  let secondKnown = Number.NaN
  let prefix = ''
  return timeMs => {
    const second = Math.floor(timeMs / SECOND_MS)
    if (second !== secondKnown) {
      secondKnown = second
      prefix = new Date(second * SECOND_MS).toISOString().slice(0, 20)
    }
    return `${prefix}${String(timeMs - second * SECOND_MS).padStart(3, '0')}Z`
  }
}
