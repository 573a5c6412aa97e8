/** What of an event has no column, as JSON text: `{"envelope field":…,"data":{"field":…}}`. */
import { fromUtf8 } from '../std/bytes.ts'
import type { EventSpans, Span, Stray } from './spans.ts'

/** A declared field whose value does not fit its column. */
export interface Misfit {
  readonly name: string
  readonly value: Span
}

/** Values stand as they were written; of equal keys the last one, where the first stood. */
export function toExtra(bytes: Uint8Array, spans: EventSpans, misfits: readonly Misfit[]): string {
  const outer = toMembers(bytes, spans.strays)
  const inner = [
    ...misfits.map(({ name, value }) => toMember(name, textOf(bytes, value))),
    ...toMembers(bytes, spans.dataStrays),
  ]
  const all = inner.length === 0 ? outer : [...outer, `"data":{${inner.join(',')}}`]
  return `{${all.join(',')}}`
}

function toMembers(bytes: Uint8Array, strays: readonly Stray[]): readonly string[] {
  const members = new Map<string, string>()
  for (const { key, value } of strays) {
    members.set(String(JSON.parse(textOf(bytes, key))), textOf(bytes, value))
  }
  return [...members].map(([name, value]) => toMember(name, value))
}

function toMember(name: string, value: string): string {
  return `${JSON.stringify(name)}:${value}`
}

function textOf(bytes: Uint8Array, { start, end }: Span): string {
  return fromUtf8(bytes.subarray(start, end))
}
