/**
 * Patterns over bytes, for what is no JSON yet. They look like regular expressions, and are matched
 * by a machine that never goes back (Thompson's, as in https://swtch.com/~rsc/regexp/regexp2.html):
 * no pattern makes an event of somebody else's take long. There are literals, `.`, classes, `\d \w
 * \s \xNN`, `^ $` (of the whole), groups, `|`, and `? * + {m,n}`, also lazy; nothing else.
 */
import { toUtf8 } from '../std/bytes.ts'
import { Fault } from '../std/fault.ts'

/** A program for the machine of `replace.ts`. Where two ways are open, the first is tried first. */
export type Step =
  /** `has[byte]` 1: the byte may come here. */
  | { readonly kind: 'byte'; readonly has: Uint8Array }
  | { readonly kind: 'split'; first: number; second: number }
  | { readonly kind: 'jump'; to: number }
  | { readonly kind: 'save'; readonly slot: number }
  | { readonly kind: 'start' | 'end' | 'match' }

export interface Pattern {
  readonly steps: readonly Step[]
  readonly groupCount: number
}

/** Counted repetitions are written out, so that this bounds them too. */
const STEPS_MAX = 2_000
const GROUPS_MAX = 9
const REPEAT_MAX = 1_000

type Node =
  | { readonly kind: 'byte'; readonly has: Uint8Array }
  | { readonly kind: 'start' | 'end' }
  | { readonly kind: 'sequence' | 'choice'; readonly items: readonly Node[] }
  | { readonly kind: 'group'; readonly index: number; readonly item: Node }
  | {
      readonly kind: 'repeat'
      readonly item: Node
      readonly min: number
      readonly max: number
      readonly isLazy: boolean
    }

interface Reader {
  readonly text: string
  pos: number
  groupCount: number
}

/** Reads a pattern. Throws CONFIG_INVALID saying what of it is not understood. */
export function parsePattern(text: string): Pattern {
  const reader: Reader = { text, pos: 0, groupCount: 0 }
  const node = readChoice(reader)
  if (reader.pos < text.length) refuse(reader, `')' that closes nothing`)
  const steps: Step[] = []
  emit({ kind: 'group', index: 0, item: node }, steps)
  steps.push({ kind: 'match' })
  return { steps, groupCount: reader.groupCount }
}

function readChoice(reader: Reader): Node {
  const items = [readSequence(reader)]
  while (take(reader, '|')) items.push(readSequence(reader))
  return items.length === 1 && items[0] !== undefined ? items[0] : { kind: 'choice', items }
}

function readSequence(reader: Reader): Node {
  const items: Node[] = []
  while (reader.pos < reader.text.length && !'|)'.includes(peek(reader))) {
    items.push(readRepeat(reader))
  }
  return { kind: 'sequence', items }
}

function readRepeat(reader: Reader): Node {
  const item = readAtom(reader)
  const [min, max] = readBounds(reader)
  if (min === 1 && max === 1) return item
  if (min > max || (Number.isFinite(max) && max > REPEAT_MAX) || min > REPEAT_MAX) {
    refuse(reader, `a repetition that is not of 0 to ${REPEAT_MAX}, the smaller first`)
  }
  const node: Node = { kind: 'repeat', item, min, max, isLazy: take(reader, '?') }
  if ('?*+{'.includes(peek(reader) || ' ')) refuse(reader, 'a repetition of a repetition')
  return node
}

function readBounds(reader: Reader): readonly [min: number, max: number] {
  if (take(reader, '?')) return [0, 1]
  if (take(reader, '*')) return [0, Number.POSITIVE_INFINITY]
  if (take(reader, '+')) return [1, Number.POSITIVE_INFINITY]
  if (peek(reader) !== '{') return [1, 1]
  const match = /^\{(\d{1,4})(?:(,)(\d{1,4})?)?\}/.exec(reader.text.slice(reader.pos))
  if (match === null) return refuse(reader, `'{' without numbers; write \\{ for the sign itself`)
  reader.pos += match[0].length
  const min = Number(match[1])
  if (match[2] === undefined) return [min, min]
  return [min, match[3] === undefined ? Number.POSITIVE_INFINITY : Number(match[3])]
}

function readAtom(reader: Reader): Node {
  const sign = next(reader)
  switch (sign) {
    case '(':
      return readGroup(reader)
    case '[':
      return { kind: 'byte', has: readClass(reader) }
    case '.':
      return { kind: 'byte', has: invert(setOf([0x0a])) }
    case '^':
      return { kind: 'start' }
    case '$':
      return { kind: 'end' }
    case '\\':
      return { kind: 'byte', has: readEscape(reader) }
    case '?':
    case '*':
    case '+':
    case '{':
      return refuse(reader, `'${sign}' that repeats nothing; write \\${sign} for the sign itself`)
    default: {
      const items = [...toUtf8(sign)].map((byte): Node => ({ kind: 'byte', has: setOf([byte]) }))
      return { kind: 'sequence', items }
    }
  }
}

function readGroup(reader: Reader): Node {
  if (take(reader, '?')) {
    if (!take(reader, ':')) refuse(reader, `a group of a kind that is not known; use ( or (?:`)
    return closeGroup(reader, readChoice(reader))
  }
  reader.groupCount += 1
  const index = reader.groupCount
  if (index > GROUPS_MAX) refuse(reader, `more than ${GROUPS_MAX} groups; use (?: for some`)
  return closeGroup(reader, { kind: 'group', index, item: readChoice(reader) })
}

function closeGroup(reader: Reader, node: Node): Node {
  if (!take(reader, ')')) refuse(reader, `'(' that is not closed`)
  return node
}

function readClass(reader: Reader): Uint8Array {
  const isInverted = take(reader, '^')
  const has = new Uint8Array(256)
  for (let isFirst = true; isFirst || peek(reader) !== ']'; isFirst = false) {
    if (reader.pos >= reader.text.length) refuse(reader, `'[' that is not closed`)
    const from = readClassItem(reader)
    const first = from.indexOf(1)
    const isRange = peek(reader) === '-' && reader.text[reader.pos + 1] !== ']'
    if (!isRange) {
      for (let byte = 0; byte < 256; byte += 1) has[byte] = (has[byte] ?? 0) | (from[byte] ?? 0)
      continue
    }
    reader.pos += 1
    const last = readClassItem(reader).lastIndexOf(1)
    if (first > last) refuse(reader, 'a range that ends before it begins')
    has.fill(1, first, last + 1)
  }
  reader.pos += 1
  return isInverted ? invert(has) : has
}

function readClassItem(reader: Reader): Uint8Array {
  const sign = next(reader)
  if (sign === '\\') return readEscape(reader)
  const [byte = 0, ...more] = toUtf8(sign)
  if (more.length > 0) refuse(reader, `'${sign}', of several bytes, in a class; use (?:a|b)`)
  return setOf([byte])
}

const DIGITS: readonly number[] = range(0x30, 0x39)
const CLASSES: { readonly [letter: string]: readonly number[] } = {
  d: DIGITS,
  w: [...DIGITS, ...range(0x41, 0x5a), ...range(0x61, 0x7a), 0x5f],
  s: [0x20, 0x09, 0x0a, 0x0b, 0x0c, 0x0d],
  n: [0x0a],
  r: [0x0d],
  t: [0x09],
}

function readEscape(reader: Reader): Uint8Array {
  const sign = next(reader)
  if (sign === 'x') {
    const hex = /^[0-9A-Fa-f]{2}/.exec(reader.text.slice(reader.pos))?.[0]
    if (hex === undefined) return refuse(reader, '\\x without two hex digits')
    reader.pos += 2
    return setOf([Number.parseInt(hex, 16)])
  }
  const known = Object.hasOwn(CLASSES, sign) ? CLASSES[sign] : undefined
  if (known !== undefined) return setOf(known)
  const lower = sign.toLowerCase()
  if ('DWS'.includes(sign)) return invert(setOf(CLASSES[lower] ?? []))
  if (!/^[!-/:-@[-`{-~ ]$/.test(sign)) refuse(reader, `'\\${sign}', which is not known`)
  return setOf([sign.charCodeAt(0)])
}

function emit(node: Node, steps: Step[]): void {
  if (steps.length > STEPS_MAX) {
    const mend = 'repeat fewer signs, or fewer times'
    throw new Fault('CONFIG_INVALID', `the pattern has more than ${STEPS_MAX} steps; ${mend}`)
  }
  switch (node.kind) {
    case 'byte':
      steps.push({ kind: 'byte', has: node.has })
      return
    case 'start':
    case 'end':
      steps.push({ kind: node.kind })
      return
    case 'sequence':
      for (const item of node.items) emit(item, steps)
      return
    case 'group':
      steps.push({ kind: 'save', slot: 2 * node.index })
      emit(node.item, steps)
      steps.push({ kind: 'save', slot: 2 * node.index + 1 })
      return
    case 'choice':
      emitChoice(node.items, steps)
      return
    case 'repeat':
      emitRepeat(node, steps)
  }
}

function emitChoice(items: readonly Node[], steps: Step[]): void {
  const jumps: Extract<Step, { kind: 'jump' }>[] = []
  for (const [index, item] of items.entries()) {
    const isLast = index === items.length - 1
    const split = { kind: 'split' as const, first: steps.length + 1, second: 0 }
    if (!isLast) steps.push(split)
    emit(item, steps)
    if (isLast) break
    const jump = { kind: 'jump' as const, to: 0 }
    steps.push(jump)
    jumps.push(jump)
    split.second = steps.length
  }
  for (const jump of jumps) jump.to = steps.length
}

function emitRepeat(node: Extract<Node, { kind: 'repeat' }>, steps: Step[]): void {
  const { item, min, max, isLazy } = node
  for (let count = 0; count < min; count += 1) emit(item, steps)
  const optionalCount = max === Number.POSITIVE_INFINITY ? 1 : max - min
  const splits: Extract<Step, { kind: 'split' }>[] = []
  for (let count = 0; count < optionalCount; count += 1) {
    const split = { kind: 'split' as const, first: 0, second: 0 }
    const at = steps.push(split) - 1
    emit(item, steps)
    if (max === Number.POSITIVE_INFINITY) steps.push({ kind: 'jump', to: at })
    split[isLazy ? 'second' : 'first'] = at + 1
    splits.push(split)
  }
  for (const split of splits) split[isLazy ? 'first' : 'second'] = steps.length
}

function peek({ text, pos }: Reader): string {
  return text[pos] ?? ''
}

/** A whole code point. */
function next(reader: Reader): string {
  const code = reader.text.codePointAt(reader.pos)
  if (code === undefined) return refuse(reader, 'an end where something should follow')
  const sign = String.fromCodePoint(code)
  reader.pos += sign.length
  return sign
}

function take(reader: Reader, sign: string): boolean {
  if (peek(reader) !== sign) return false
  reader.pos += 1
  return true
}

function setOf(bytes: readonly number[]): Uint8Array {
  const has = new Uint8Array(256)
  for (const byte of bytes) has[byte] = 1
  return has
}

function invert(has: Uint8Array): Uint8Array {
  return has.map(one => 1 - one)
}

function range(from: number, to: number): readonly number[] {
  return Array.from({ length: to - from + 1 }, (_, index) => from + index)
}

function refuse(reader: Reader, what: string): never {
  throw new Fault('CONFIG_INVALID', `the pattern has, before sign ${reader.pos + 1}, ${what}`)
}
