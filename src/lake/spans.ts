/**
 * Where the values of an event stand in its bytes. The digest has accepted the event, so it is
 * valid JSON of valid UTF-8, and a walk over its bytes that checks nothing finds all: each known
 * key's value, and what is not known. Of two equal keys the last one counts, as in JSON.parse.
 *
 * Producers write their keys in one order, so the key that came next the last time is looked for
 * first. Hot: `as number` stands on bytes whose index is before the value's end.
 */
import type { JsonScalar } from '../std/json.ts'
import { toStringText } from '../std/json.ts'

/** A piece of the bytes. */
export interface Span {
  readonly start: number
  readonly end: number
}

/** A key that no column is for: its token with quotes, and its value. */
export interface Stray {
  readonly key: Span
  readonly value: Span
}

export interface EventSpans {
  /** By slot: the value's token, quotes and brackets included; start -1: missing, or null. */
  readonly start: Int32Array
  readonly end: Int32Array
  /** Of the envelope and of `data`, in order; equal keys are still there. */
  readonly strays: Stray[]
  readonly dataStrays: Stray[]
  /** Finds the values of the event that begins at bytes[from]. */
  read(bytes: Uint8Array, from: number): void
}

const QUOTE = 0x22
const BACKSLASH = 0x5c
const COMMA = 0x2c
const OPEN_BRACE = 0x7b
const CLOSE_BRACE = 0x7d
const OPEN_BRACKET = 0x5b
const CLOSE_BRACKET = 0x5d
const LETTER_N = 0x6e
const SPACE = 0x20

const UNKNOWN = -1

/** The keys of one object, by slot; `next` is what followed each the last time. */
interface Keys {
  readonly names: readonly string[]
  /** With their quotes. */
  readonly tokens: readonly Uint8Array[]
  readonly slots: readonly number[]
  readonly next: Int32Array
}

/**
 * `envelope` and `data`: names of keys, which take the slots 0, 1, … in this order. The key `data`
 * of the envelope is known besides.
 */
export function createEventSpans(envelope: readonly string[], data: readonly string[]): EventSpans {
  const start = new Int32Array(envelope.length + data.length).fill(-1)
  const end = new Int32Array(start.length)
  const strays: Stray[] = []
  const dataStrays: Stray[] = []
  const DATA = start.length
  const outer = createKeys([...envelope, 'data'], index => (index < envelope.length ? index : DATA))
  const inner = createKeys(data, index => envelope.length + index)
  let bytes: Uint8Array = new Uint8Array(0)

  const forgetData = (): void => {
    start.fill(-1, envelope.length)
    dataStrays.length = 0
  }
  /** Reads the object that opens at `at`; gives the place behind it. */
  const readObject = (at: number, keys: Keys, found: Stray[]): number => {
    let pos = skipSpace(bytes, at + 1)
    let before = keys.tokens.length
    while (bytes[pos] !== CLOSE_BRACE) {
      const keyStart = pos
      let index = keys.next[before] as number
      if (isAt(bytes, pos, keys.tokens[index])) pos += keys.tokens[index]?.length ?? 0
      else {
        index = findKey(bytes, pos, keys)
        pos = skipString(bytes, pos)
      }
      const keyEnd = pos
      // Over the colon.
      pos = skipSpace(bytes, skipSpace(bytes, pos) + 1)
      const valueStart = pos
      const slot = index === UNKNOWN ? UNKNOWN : (keys.slots[index] as number)
      if (slot === DATA) {
        forgetData()
        const isObject = bytes[pos] === OPEN_BRACE
        pos = isObject ? readObject(pos, inner, dataStrays) : skipValue(bytes, pos)
      } else pos = skipValue(bytes, pos)
      if (slot === UNKNOWN) {
        const value = { start: valueStart, end: pos }
        found.push({ key: { start: keyStart, end: keyEnd }, value })
      } else if (slot !== DATA) {
        start[slot] = bytes[valueStart] === LETTER_N ? -1 : valueStart
        end[slot] = pos
      }
      if (index !== UNKNOWN) {
        keys.next[before] = index
        before = index
      }
      pos = skipSpace(bytes, pos)
      if (bytes[pos] === COMMA) pos = skipSpace(bytes, pos + 1)
    }
    return pos + 1
  }
  return {
    start,
    end,
    strays,
    dataStrays,
    read: (given, from) => {
      bytes = given
      start.fill(-1)
      strays.length = 0
      dataStrays.length = 0
      readObject(skipSpace(bytes, from), outer, strays)
    },
  }
}

function createKeys(names: readonly string[], slotOf: (index: number) => number): Keys {
  return {
    names,
    tokens: names.map(name => new TextEncoder().encode(JSON.stringify(name))),
    slots: names.map((_, index) => slotOf(index)),
    next: Int32Array.from({ length: names.length + 1 }, (_, index) => (index + 1) % names.length),
  }
}

/** The key that stands at `pos`, however it is written; UNKNOWN: none of these. */
function findKey(bytes: Uint8Array, pos: number, { names, tokens }: Keys): number {
  for (let index = 0; index < tokens.length; index += 1) {
    if (isAt(bytes, pos, tokens[index])) return index
  }
  const end = skipString(bytes, pos)
  if (bytes.subarray(pos, end).indexOf(BACKSLASH) < 0) return UNKNOWN
  const token: JsonScalar = { kind: 'string', start: pos, end }
  return names.indexOf(toStringText(bytes, token))
}

function isAt(bytes: Uint8Array, pos: number, token: Uint8Array | undefined): boolean {
  if (token === undefined) return false
  for (let index = 0; index < token.length; index += 1) {
    if (bytes[pos + index] !== token[index]) return false
  }
  return true
}

function skipSpace(bytes: Uint8Array, at: number): number {
  let pos = at
  while ((bytes[pos] as number) <= SPACE) pos += 1
  return pos
}

/** From the opening quote to behind the closing one. */
function skipString(bytes: Uint8Array, at: number): number {
  let pos = at + 1
  for (;;) {
    const byte = bytes[pos] as number
    if (byte === QUOTE) return pos + 1
    pos += byte === BACKSLASH ? 2 : 1
  }
}

function skipValue(bytes: Uint8Array, at: number): number {
  const first = bytes[at] as number
  if (first === QUOTE) return skipString(bytes, at)
  if (first === OPEN_BRACE || first === OPEN_BRACKET) return skipContainer(bytes, at)
  let pos = at + 1
  for (;;) {
    const byte = bytes[pos] as number
    if (byte === COMMA || byte === CLOSE_BRACE || byte === CLOSE_BRACKET || byte <= SPACE) {
      return pos
    }
    pos += 1
  }
}

function skipContainer(bytes: Uint8Array, at: number): number {
  let depth = 0
  let pos = at
  for (;;) {
    const byte = bytes[pos] as number
    if (byte === QUOTE) {
      pos = skipString(bytes, pos)
      continue
    }
    if (byte === OPEN_BRACE || byte === OPEN_BRACKET) depth += 1
    else if (byte === CLOSE_BRACE || byte === CLOSE_BRACKET) depth -= 1
    pos += 1
    if (depth === 0) return pos
  }
}
