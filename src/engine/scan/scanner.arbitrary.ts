/**
 * Events for the differential test, from a seed: mostly valid ones in many spellings, and all that
 * can be wrong with them. Equal seeds give equal bytes.
 */
import type { Catalog } from '../../model/catalog.ts'
import { createCatalog } from '../../model/catalog.ts'
import type { EventSchema } from '../../model/event.ts'
import { defineEvent } from '../../model/event.ts'
import type { Field, FieldMap } from '../../model/field.ts'
import { boolean, decimal, integer, list, money, string } from '../../model/field.ts'
import type { ColumnRef } from '../../model/plan.ts'
import type { Header } from '../../model/record.ts'
import { SHOP_EVENTS } from '../../model/shop-events.ts'
import { toUtf8 } from '../../std/bytes.ts'
import type { Prng } from '../../std/prng.ts'
import { createPrng } from '../../std/prng.ts'

/** Every kind of field, required and not, under names that bite. */
const oddity: EventSchema = defineEvent('oddity', {
  flag: boolean(),
  weight: decimal(3),
  level: integer({ min: -5, max: 100 }),
  fee: money({ optional: true }),
  constructor: string({ optional: true }),
  user_id: string({ optional: true }),
  data: boolean({ optional: true }),
  any: integer({ optional: true }),
  share: decimal(9, { optional: true }),
  parts: list(
    {
      name: string(),
      price: money({ optional: true }),
      weight: decimal(1, { optional: true }),
      inner: list({ ok: boolean(), count: integer() }, { optional: true }),
    },
    { optional: true },
  ),
} as FieldMap)

export const ARRIVAL_MS: number = Date.parse('2024-09-03T12:00:00.000Z')

export const fuzzCatalog: Catalog = createCatalog({
  events: [...SHOP_EVENTS, oddity],
  topicPrefix: '',
  currency: 'EUR',
  dedupDays: 1,
  futureSkewMs: 3_600_000,
  eventAgeMsMax: 30 * 86_400_000,
  partitions: 4,
  partitioner: 'murmur2',
})

/** All columns that a type has, and one that it has not. */
export function columnsOf(schema: EventSchema): readonly ColumnRef[] {
  const text = (path: string): ColumnRef => {
    return { path, name: path.slice(path.lastIndexOf('.') + 1), type: { kind: 'text' } }
  }
  const columns = ['event_type', 'session_id', 'data.currency', 'event_id', 'user_id'].map(text)
  for (const [name, field] of Object.entries(schema.data)) {
    if (field.kind === 'list') continue
    const path = `data.${name}`
    if (field.kind === 'string') columns.push(text(path))
    else if (field.kind === 'decimal') {
      columns.push({ path, name, type: { kind: 'decimal', scale: field.scale } })
    } else columns.push({ path, name, type: { kind: field.kind } })
  }
  return [...columns, text('data.absent'), text('session_id')]
}

/**
 * Headers whose count is written, right behind an event, as a byte that means something in JSON:
 * white space, a quote, a comma, a digit, a colon; nothing of it may be read with the event.
 */
export function writeHeaders(seed: number): readonly Header[] {
  const prng = createPrng(seed)
  const count = prng.nextChance(0.5) ? 0 : pick(prng, [1, 5, 16, 17, 22, 24, 29])
  return Array.from({ length: count }, () => ({ key: 'h":1}', value: toUtf8('"}}') }))
}

/** How an event is written: what stands between its tokens, and how often things go wrong. */
interface Pen {
  readonly prng: Prng
  readonly space: readonly string[]
  readonly faultChance: number
  /** Of a value of the right type that may well be refused. */
  readonly oddChance: number
  readonly escapeChance: number
}

const SPACES = [[''], [''], [' '], ['', ' ', '\n', '\t', '\r\n  ']]
const TEXTS = [
  'p1',
  '',
  'a b',
  'Größe',
  '日本',
  '😀',
  'a"b\\c',
  '\u0000\u001f',
  '\u2028',
  '/',
  'é'.repeat(128),
]
const NUMBERS = (
  '0 -0 1 12.50 1e2 1E+2 1.0 00 01 - 1. .5 1e400 NaN 999999999999999 1000000000000000 0.0 ' +
  '0e999999999 1000000000000001 9007199254740991 9007199254740993 0.001 1e-7 1e999999999 ' +
  '10000000000000.00 -3 -3.1 10000000000000.01 -10000000000000 0.000000001 123456.123456789 ' +
  '5.500000000000000000000 1e1 100 101 -1'
).split(' ')
const TIMES = (
  '2024-09-03T10:25:15Z 2024-09-03T10:25:15.123Z 2024-09-03T12:25:15.1239+02:00 ' +
  '2024-02-30T00:00:00Z 2024-08-31T23:59:60Z 2024-09-03T24:00:00Z 2024-09-03t10:25:15z ' +
  '2024-09-03T10:25:15 2024-09-03 0001-01-01T00:00:00Z 2024-09-03T13:00:00.000Z ' +
  '2024-09-03T13:00:00.001Z 2024-08-04T12:00:00Z 2024-08-04T11:59:59.999Z ' +
  '9999-12-31T23:59:59-00:01 2024-09-03T10:25:15.Z 2024-09-03T10:25:15.1234567890Z ' +
  '2024-09-03T10:25:15+24:00 2024-09-03T10:25:15-05:30 0000-12-31T23:59:59Z ' +
  '2024-09-03T10:25:15+0200 2023-02-29T10:00:00Z 2024-13-01T00:00:00Z 2024-9-3T10:00:00Z ' +
  '2024-09-00T00:00:00Z -024-09-03T00:00:00Z'
).split(' ')
const STRAYS = (
  `"\\ud800"|"\\udc00x"|"\\ud83d\\ude00"|"\\ud83d\\u0041"|"\\ud83d\\ud83d"|"\\ud83dx"|"\\u0041"|` +
  `"\\x"|"\\u12g4"|"a\u0001"|"\\/\\b\\f"|"x|'x'|true|false|null|nul|tru|+1|Infinity|-1.5e-3|1 2|` +
  `[]|{}|[[]]|[1,]|[1 2]|{"a":1,}|{"a"}|{"a":{"b":[null,"\\n",{}]}}|` +
  [30, 31, 40].map(depth => '['.repeat(depth) + ']'.repeat(depth)).join('|')
).split('|')

function pick<T>(prng: Prng, from: readonly T[]): T {
  return from[prng.nextBelow(from.length)] as T
}

/** A text around the length of a block that is read at once, with one odd letter somewhere. */
function writeLongText(prng: Prng): string {
  const size = prng.nextChance(0.95) ? prng.nextBelow(70) : prng.nextBelow(9_000)
  const text = 'x'.repeat(size)
  if (prng.nextChance(0.5)) return text
  const at = prng.nextBelow(size + 1)
  return text.slice(0, at) + pick(prng, ['"', '\\', '\n', 'é', '日', '😀']) + text.slice(at)
}

/** Texts of every kind. */
function pickText(prng: Prng): string {
  return prng.nextChance(0.3) ? writeLongText(prng) : pick(prng, TEXTS)
}

/** An event of a schema, or something like one. */
export function writeEvent(schema: EventSchema, seed: number): Uint8Array {
  const prng = createPrng(seed)
  const isCalm = prng.nextChance(0.7)
  const pen: Pen = {
    prng,
    space: pick(prng, SPACES),
    faultChance: isCalm ? 0.002 : 0.05,
    oddChance: isCalm ? 0.01 : 0.15,
    escapeChance: prng.nextChance(0.3) ? 0.1 : 0,
  }
  const type = prng.nextChance(0.99) ? schema.name : pick(prng, ['', 'search', 'oddity', 'nope'])
  const space = (): string => pick(prng, pen.space)
  const members: Member[] = [
    ['event_id', () => writeId(pen)],
    ['event_type', () => writeString(pen, type)],
    ['user_id', () => writeId(pen)],
    [
      'timestamp',
      () => (!prng.nextChance(pen.oddChance) ? '"2024-09-03T10:25:15Z"' : `"${pick(prng, TIMES)}"`),
    ],
  ]
  if (prng.nextChance(0.5)) members.push(['session_id', () => writeString(pen, pickText(prng))])
  if (prng.nextChance(0.97)) members.push(['data', () => writeFields(pen, schema.data, true)])
  const text = space() + writeObject(pen, members) + space()
  const bytes = toUtf8(prng.nextChance(0.01) ? `${text}\n\n \t` : text)
  return prng.nextChance(isCalm ? 0.02 : 0.2) ? mutate(prng, bytes) : bytes
}

type Member = readonly [key: string, write: () => string]

function writeObject(pen: Pen, members: readonly Member[]): string {
  const { prng, faultChance } = pen
  let list = members.filter(() => !prng.nextChance(faultChance / 2))
  if (prng.nextChance(0.15))
    list = list
      .map(m => ({ m, at: prng.nextUint32() }))
      .sort((a, b) => a.at - b.at)
      .map(({ m }) => m)
  if (list.length > 0 && prng.nextChance(faultChance)) list.push(pick(prng, list))
  if (prng.nextChance(0.15))
    list.splice(prng.nextBelow(list.length + 1), 0, writeStranger(pen, members))
  if (prng.nextChance(0.005)) list.push(...writeStrangers(pen))
  const parts = list.map(([key, write]) => {
    const value = prng.nextChance(faultChance) ? writeStray(pen) : write()
    return `${writeSpace(pen)}${writeString(pen, key)}${writeSpace(pen)}:${writeSpace(pen)}${value}`
  })
  return `{${parts.join(`${writeSpace(pen)},`)}${writeSpace(pen)}}`
}

function writeSpace({ prng, space }: Pen): string {
  return pick(prng, space)
}

/** A known key with one letter changed, gone, or too many. */
function misspell(prng: Prng, key: string): string {
  const at = prng.nextBelow(key.length)
  return key.slice(0, at) + pick(prng, ['', '~', `${key[at]}~`]) + key.slice(at + 1)
}

/** More keys than are learnt of one object. */
function writeStrangers({ prng }: Pen): readonly Member[] {
  const [first, size] = [prng.nextBelow(1000), 60 + prng.nextBelow(100)]
  return Array.from({ length: size }, (_, index) => [`k${first + index}`, () => `${index}`])
}

/** A member that is not declared. */
function writeStranger(pen: Pen, members: readonly Member[]): Member {
  const key = pick(pen.prng, [
    ...members.map(([known]) => misspell(pen.prng, known)),
    '__proto__',
    'toString',
    'x',
    'Zürich',
    'user_ID',
    'currency',
    'a'.repeat(150),
    'b'.repeat(pen.prng.nextBelow(140)),
  ])
  return [
    key,
    () => (pen.prng.nextChance(0.8) ? writeString(pen, pickText(pen.prng)) : writeStray(pen)),
  ]
}

function writeStray({ prng }: Pen): string {
  return prng.nextChance(0.3) ? 'null' : pick(prng, prng.nextChance(0.5) ? STRAYS : NUMBERS)
}

function writeId(pen: Pen): string {
  const { prng } = pen
  if (!prng.nextChance(pen.oddChance)) return writeString(pen, `e${prng.nextBelow(1e9)}`)
  return writeString(
    pen,
    pick(prng, [...TEXTS, 'x'.repeat(256), 'x'.repeat(257), `${'é'.repeat(128)}x`]),
  )
}

/** A string as JSON.stringify writes it, or with escapes where none are needed. */
function writeString({ prng, escapeChance }: Pen, text: string): string {
  const plain = JSON.stringify(text)
  if (escapeChance === 0 || /\\/.test(plain)) return plain
  const units = plain.slice(1, -1).split('')
  const escaped = units.map(unit => {
    const hex = unit.charCodeAt(0).toString(16).padStart(4, '0')
    const isHalf = unit >= '\ud800' && unit <= '\udfff'
    return !isHalf && prng.nextChance(escapeChance) ? `\\u${hex}` : unit
  })
  return `"${escaped.join('')}"`
}

function writeFields(pen: Pen, fields: FieldMap, isData: boolean): string {
  const { prng } = pen
  const present = Object.entries(fields).filter(
    ([, field]) => !field.optional || prng.nextChance(0.6),
  )
  const members = present.map(([name, field]): Member => [name, () => writeField(pen, field)])
  const currencies = ['USD', 'JPY', 'KWD', 'CLF', 'eur', 'XXX', '']
  if (isData && prng.nextChance(0.2)) {
    const currency = writeString(pen, pick(prng, currencies))
    members.splice(prng.nextBelow(members.length + 1), 0, ['currency', () => currency])
  }
  return writeObject(pen, members)
}

function writeField(pen: Pen, field: Field): string {
  const { prng } = pen
  switch (field.kind) {
    case 'string':
      return writeString(pen, pickText(prng))
    case 'boolean':
      return prng.nextChance(0.5) ? 'true' : 'false'
    case 'list': {
      const items = Array.from({ length: prng.nextBelow(4) }, () =>
        writeFields(pen, field.fields, false),
      )
      return `[${writeSpace(pen)}${items.join(`${writeSpace(pen)},`)}${writeSpace(pen)}]`
    }
    default:
      return writeNumber(pen)
  }
}

function writeNumber({ prng, oddChance }: Pen): string {
  if (prng.nextChance(oddChance)) return pick(prng, NUMBERS)
  const whole = prng.nextBelow(90) + 1
  return prng.nextChance(0.5) ? `${whole}` : `${whole}.${prng.nextBelow(10)}`
}

/** UTF-8 at the edges of what is allowed, on both sides. */
const SEQUENCES: readonly Buffer[] = (
  'c080 c1bf c280 dfbf e08080 e09fbf e0a080 ed9fbf eda080 edbfbf ee8080 efbfbf ' +
  'f0808080 f08fbfbf f0908080 f48fbfbf f4908080 f5808080 e282 f09f98 80'
)
  .split(' ')
  .map(hex => Buffer.from(hex, 'hex'))

/** Some bytes changed, cut, doubled or put in. */
function mutate(prng: Prng, bytes: Uint8Array): Uint8Array {
  const at = prng.nextBelow(bytes.length)
  const size = prng.nextBelow(4)
  const byte = Uint8Array.of(
    pick(prng, [0x22, 0x5c, 0x00, 0x80, 0xff, 0xc0, 0xed, 0x2c, 0x7d, 0x20, 0x0a]),
  )
  const head = bytes.subarray(0, at)
  const tail = bytes.subarray(Math.min(bytes.length, at + size))
  const middles = [
    new Uint8Array(0),
    byte,
    Buffer.concat([byte, bytes.subarray(at, at + size)]),
    bytes.subarray(0, at + 9),
  ]
  const middle = prng.nextChance(0.3) ? pick(prng, SEQUENCES) : pick(prng, middles)
  return new Uint8Array(Buffer.concat(prng.nextChance(0.1) ? [head] : [head, middle, tail]))
}
