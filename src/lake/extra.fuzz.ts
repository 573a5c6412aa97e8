/** What has no column is kept, whatever it is and however it is written. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { defineEvent } from '../model/event.ts'
import { string } from '../model/field.ts'
import { openMemoryObjects } from '../objects/memory/memory-objects.ts'
import { toUtf8 } from '../std/bytes.ts'
import { catalogOf, never, openBed, rowsBelow, sourceOf } from './lake.fixture.ts'
import { openLake } from './lake.ts'

const noted = defineEvent('noted', { note: string({ optional: true }) })
const KNOWN = ['event_id', 'event_type', 'user_id', 'session_id', 'timestamp', 'data']
const KNOWN_DATA = ['currency', 'note']

const text = fc.oneof(
  fc.string({ unit: 'grapheme' }),
  fc.constantFrom('"', '\\', '\u0000', '}', '{'),
)
/** As JSON writes them: -0 becomes 0. */
const json: fc.Arbitrary<unknown> = fc
  .jsonValue({ maxDepth: 3 })
  .map(value => JSON.parse(JSON.stringify(value)) as unknown)
  .filter(value => !JSON.stringify(value).includes(BACKSLASH))
/** Once Node 24 has read a key `\\`, its JSON.parse takes other keys of one escape for it. */
const BACKSLASH: string = JSON.stringify('\\').slice(1, -1)
const spaced = fc.constantFrom(undefined, 1, '\t')

interface Sent {
  readonly id: string
  readonly user: string
  readonly note: string | null
  readonly more: ReadonlyMap<string, unknown>
  readonly moreData: ReadonlyMap<string, unknown>
  readonly isDataFirst: boolean
  readonly space: string | number | undefined
}

const id = text.filter(one => one !== '' && Buffer.byteLength(one) <= 256)
const members = (known: readonly string[]): fc.Arbitrary<ReadonlyMap<string, unknown>> =>
  fc
    .array(
      fc.tuple(
        text.filter(name => !known.includes(name) && name !== '__proto__' && name !== '\\'),
        json,
      ),
      {
        maxLength: 4,
      },
    )
    .map(entries => new Map(entries))

const sent: fc.Arbitrary<Sent> = fc.record({
  id,
  user: id,
  note: fc.option(text),
  more: members(KNOWN),
  moreData: members(KNOWN_DATA),
  isDataFirst: fc.boolean(),
  space: spaced,
})

function toText(event: Sent): string {
  const data = { ...Object.fromEntries(event.moreData), note: event.note }
  const envelope = {
    event_id: event.id,
    event_type: 'noted',
    user_id: event.user,
    timestamp: '2026-03-01T00:00:00Z',
  }
  const rest = Object.fromEntries(event.more)
  const whole = event.isDataFirst ? { data, ...rest, ...envelope } : { ...envelope, ...rest, data }
  return JSON.stringify(whole, null, event.space)
}

/** Built from what was sent: a JSON of a JSON's values is as good as they are. */
function toExpected({ more, moreData }: Sent): unknown {
  const whole = { ...Object.fromEntries(more), ...toData(moreData) }
  return Object.keys(whole).length === 0 ? null : whole
}

function toData(moreData: Sent['moreData']): object {
  return moreData.size === 0 ? {} : { data: Object.fromEntries(moreData) }
}

test('ids, texts and what is unknown come out as they were sent', async () => {
  await using bed = await openBed()
  const catalog = catalogOf([noted])
  await fc.assert(
    fc.asyncProperty(fc.array(sent, { minLength: 1, maxLength: 60 }), async events => {
      const objects = openMemoryObjects()
      await using lake = await openLake(bed.options(objects, catalog))
      const records = events.map(event => {
        return { key: null, value: toUtf8(toText(event)), headers: [] }
      })
      await lake.archive(sourceOf({ topic: 'noted', records, batchSize: 7 }), never)
      const rows = await rowsBelow(objects, 'events/', bed.directory)
      expect(rows.map(row => [row['event_id'], row['user_id'], row['note']])).toEqual(
        events.map(event => [event.id, event.user, event.note]),
      )
      const extras = rows.map(row => JSON.parse(String(row['extra'])) as unknown)
      expect(extras).toEqual(events.map(toExpected))
    }),
    { numRuns: 40 },
  )
})
