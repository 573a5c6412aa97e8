/**
 * Where things lie in the lake. A name tells which records a file has: partition, first and last
 * offset; so the same range has the same names, whoever writes it. docs/reference/lake.md.
 */
import type { Place } from '../model/archive.ts'
import { DAY_MS } from '../std/units.ts'

export interface RangeName extends Place {
  /** The first and the last offset. */
  readonly first: number
  readonly last: number
}

/** Of each range one object, made before its files; see intent.ts. */
const INTENTS = 'intents/'
export const EVENTS = 'events/'
export const REJECTS = 'rejects/'

/** Digits of an offset in a name, so that names stand in their order: 2^53 has 16. */
const OFFSET_DIGITS = 16

/** `day`: the UTC date of the events, in days since the epoch. */
export function toEventsKey(range: RangeName, eventType: string, day: number): string {
  const date = new Date(day * DAY_MS).toISOString().slice(0, 10)
  return `${EVENTS}event_type=${eventType}/event_date=${date}/${toName(range)}`
}

export function toRejectsKey(range: RangeName): string {
  return `${REJECTS}topic=${range.topic}/${toName(range)}`
}

export function toIntentKey({ topic, partition }: Place, first: number): string {
  return `${INTENTS}${topic}/${partition}/${pad(first)}.json`
}

const NAME = /\/(\d+)-(\d+)-(\d+)\.parquet$/

/** What a key says of its file; null for one that is not ours. */
export function parseKey(
  key: string,
): { readonly partition: number; readonly first: number; readonly last: number } | null {
  const match = NAME.exec(key)
  if (match === null) return null
  return { partition: Number(match[1]), first: Number(match[2]), last: Number(match[3]) }
}

function toName({ partition, first, last }: RangeName): string {
  return `${partition}-${pad(first)}-${pad(last)}.parquet`
}

function pad(offset: number): string {
  return String(offset).padStart(OFFSET_DIGITS, '0')
}
