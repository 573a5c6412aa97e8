/**
 * JSON as the oracle reads it: `JSON.parse`, with objects as Maps (no prototype, no order games)
 * and numbers as the digits that stand in the text. What JSON.parse forgives, nesting and halves of
 * surrogate pairs, is looked for in the text itself.
 */

/** A number, as it is written. It is the only kind of plain object in a `Json`. */
export interface Digits {
  readonly digits: string
}
export type Json = null | boolean | string | Digits | readonly Json[] | ReadonlyMap<string, Json>

export type JsonFault = 'not_utf8' | 'not_json' | 'too_deep' | 'lone_surrogate'

const STRING = /"(?:[^"\\]|\\.)*"/gs

/** Reads bytes to a Json, or says why they are none. */
export function readJson(bytes: Uint8Array, depthMax: number): { json: Json } | JsonFault {
  const text = decode(bytes)
  if (text === null) return 'not_utf8'
  if (!isJson(text)) return 'not_json'
  if (depthOf(text) > depthMax) return 'too_deep'
  if ((text.match(STRING) ?? []).some(isHalf)) return 'lone_surrogate'
  return { json: JSON.parse(text, reviveExactly) as Json }
}

export function isObject(json: Json | undefined): json is ReadonlyMap<string, Json> {
  return json instanceof Map
}

export function isList(json: Json | undefined): json is readonly Json[] {
  return Array.isArray(json)
}

export function isNumber(json: Json | undefined): json is Digits {
  return typeof json === 'object' && json !== null && !isObject(json) && !isList(json)
}

function decode(bytes: Uint8Array): string | null {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    return null
  }
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

/** How deep objects and arrays of a JSON text are nested; 0 for a text without any. */
function depthOf(text: string): number {
  let depth = 0
  let deepest = 0
  for (const char of text.replace(STRING, '')) {
    if (char === '{' || char === '[') depth += 1
    if (char === '}' || char === ']') depth -= 1
    deepest = Math.max(deepest, depth)
  }
  return deepest
}

function isHalf(literal: string): boolean {
  return !(JSON.parse(literal) as string).isWellFormed()
}

function reviveExactly(_key: string, value: unknown, context?: { source?: string }): unknown {
  if (typeof value === 'number') return { digits: context?.source ?? '' }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
  return new Map(Object.entries(value))
}
