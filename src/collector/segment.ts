/**
 * Calls of Segment's libraries: `POST /v1/track` and its like, and `/v1/batch`
 * (https://segment.com/docs/connections/sources/catalog/libraries/server/http-api/). What is no
 * JSON is refused; every call in what is JSON becomes an item, as `segment-event.ts` says, apart
 * from those that the plan ignores, which are counted.
 *
 * The key stands in a header, as everywhere, or in the body as `writeKey`.
 */
import type { IncomingHttpHeaders } from 'node:http'
import type { CheckKey } from '../model/access.ts'
import { keyOf } from '../model/access.ts'
import { EVENT_DEPTH_MAX } from '../model/event.ts'
import { toProblem } from '../model/problem.ts'
import type { SegmentCall } from '../model/segment.ts'
import { SEGMENT_PATHS } from '../model/segment.ts'
import type { Clock } from '../std/clock.ts'
import type { JsonObject, JsonValue } from '../std/json.ts'
import { findMember, readJson, toStringText } from '../std/json.ts'
import { MIB } from '../std/units.ts'
import type { Item } from './collector.ts'
import type { Reading } from './reading.ts'
import { refuseReading } from './reading.ts'
import type { CallSource } from './segment-event.ts'
import { toEvent } from './segment-event.ts'
import type { SegmentPlan } from './segment-plan.ts'
import { isSegmentCall } from './segment-plan.ts'

export interface SegmentOptions {
  readonly plan: SegmentPlan
  readonly checkKey: CheckKey
  readonly clock: Clock
  /** Most calls in one body. */
  readonly itemCountMax: number
}

export interface SegmentBody {
  readonly path: string
  readonly headers: IncomingHttpHeaders
  readonly bytes: Uint8Array
}

export interface Segment {
  read(body: SegmentBody): Reading
  /** Calls that were ignored, since the start. */
  readonly ignored: ReadonlyMap<SegmentCall, number>
}

/** Segment allows 500 KB; a body is parsed as a whole, which takes more than its bytes. */
export const SEGMENT_BODY_BYTES_MAX: number = 1 * MIB
/** In a batch a call is two levels further in. What is too deep itself is found later. */
const DEPTH_MAX = EVENT_DEPTH_MAX + 2
const SUCCESS = '{"success":true}\n'

export function isSegmentPath(path: string): boolean {
  return SEGMENT_PATHS.has(path)
}

export function createSegment(options: SegmentOptions): Segment {
  const ignored = new Map<SegmentCall, number>()
  return {
    ignored,
    read: body => {
      const root = parseRoot(body)
      if (typeof root === 'string') return refuseReading(toProblem('body_invalid', root))
      const problem = checkBodyKey(body, root, options.checkKey)
      if (problem !== null) return refuseReading(problem)
      const calls = findCalls(body, root)
      if (calls === null) {
        const detail = `the body has no list 'batch'; send {"batch":[…]} to ${body.path}`
        return refuseReading(toProblem('body_invalid', detail))
      }
      if (calls.length > options.itemCountMax) {
        const detail = `the body holds more than ${options.itemCountMax} calls; send fewer at once`
        return refuseReading(toProblem('items_too_many', detail))
      }
      const { items, ignoredCalls } = translate(body, calls, options)
      return {
        kind: 'items',
        items,
        answer: () => SUCCESS,
        done: () => {
          for (const call of ignoredCalls) ignored.set(call, (ignored.get(call) ?? 0) + 1)
        },
      }
    },
  }
}

/** What is wrong with the body, as text, where it is no JSON object. */
function parseRoot({ path, bytes }: SegmentBody): JsonObject | string {
  const reading = readJson(bytes, DEPTH_MAX)
  if (reading.root === null) {
    const what = reading.code === 'not_json' ? 'JSON' : 'UTF-8'
    return `the body is no ${what}; send a JSON object to ${path}`
  }
  if (reading.root.kind === 'object') return reading.root
  return `the body is no JSON object; send {…} to ${path}`
}

/** null: there is no batch where there should be one. */
function findCalls({ path }: SegmentBody, root: JsonObject): readonly JsonValue[] | null {
  if (SEGMENT_PATHS.get(path) !== null) return [root]
  const batch = findMember(root, 'batch')
  return batch?.kind === 'array' ? batch.items : null
}

/** A key in a header was looked at before the body came. */
function checkBodyKey(
  { headers, bytes }: SegmentBody,
  root: JsonObject,
  checkKey: CheckKey,
): ReturnType<CheckKey> {
  if (keyOf(headers) !== null) return null
  return checkKey(textOf(bytes, findMember(root, 'writeKey')), 'write')
}

function translate(
  { path, bytes }: SegmentBody,
  calls: readonly JsonValue[],
  { plan, clock }: SegmentOptions,
): { readonly items: readonly Item[]; readonly ignoredCalls: readonly SegmentCall[] } {
  const nowMs = clock.now()
  const items: Item[] = []
  const ignoredCalls: SegmentCall[] = []
  for (const [index, value] of calls.entries()) {
    // What is wrong with it is told with its place in the body.
    const origin = { reason: null, file: path, line: index + 1, cut: null }
    const source = toSource(value, { path, bytes, nowMs })
    if (source === null) items.push({ bytes: bytes.subarray(value.start, value.end), origin })
    else {
      const translated = toEvent(source, plan)
      if (translated.kind === 'ignored') ignoredCalls.push(translated.call)
      else items.push({ bytes: translated.bytes, origin })
    }
  }
  return { items, ignoredCalls }
}

interface Within {
  readonly path: string
  readonly bytes: Uint8Array
  readonly nowMs: number
}

/** null: it is no call that there is. */
function toSource(value: JsonValue, { path, bytes, nowMs }: Within): CallSource | null {
  if (value.kind !== 'object') return null
  const type = SEGMENT_PATHS.get(path) ?? textOf(bytes, findMember(value, 'type'))
  return type !== null && isSegmentCall(type) ? { bytes, object: value, call: type, nowMs } : null
}

function textOf(bytes: Uint8Array, value: JsonValue | null): string | null {
  return value?.kind === 'string' ? toStringText(bytes, value) : null
}
