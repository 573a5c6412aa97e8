import { expect, test } from 'vitest'
import { openMemoryLog } from '../../log/memory/memory-log.ts'
import type { NewRecord } from '../../model/record.ts'
import type { ItemCheck } from '../../model/verdict.ts'
import { toUtf8 } from '../../std/bytes.ts'
import { createSystemClock } from '../../std/clock.ts'
import type { TailOptions } from './tail.ts'
import { tailLog } from './tail.ts'

const good: ItemCheck = { eventType: 'a', eventId: 'e', userId: null, invalid: null }
const bad: ItemCheck = {
  ...good,
  invalid: { kind: 'invalid', code: 'missing', pointer: '/user_id' },
}
const check = (item: Uint8Array): ItemCheck => (item.length === 0 ? bad : good)
const never = new AbortController().signal

function record(topic: string, partition: number, value: Uint8Array | null): NewRecord {
  return { topic, partition, key: null, value: value ?? new Uint8Array(), headers: [] }
}

async function openLog() {
  const clock = { ...createSystemClock(), now: () => Date.parse('2024-09-03T10:00:00Z') }
  const log = await openMemoryLog({ topics: ['a', 'b'], partitions: 2, clock })
  const values = ['1', '2', '3'].map(toUtf8)
  await log.append(
    values.map(value => record('a', 0, value)),
    never,
  )
  await log.append([record('b', 1, null), record('b', 1, Uint8Array.of(0xff, 0x31))], never)
  const options = (given: Partial<TailOptions>): TailOptions => {
    return { log, check, backCount: 2, signal: never, ...given }
  }
  return { log, options, [Symbol.asyncDispose]: () => log[Symbol.asyncDispose]() }
}

/** Lines of all records that come till a pull brings none. */
async function read(options: TailOptions): Promise<readonly string[]> {
  const lines: string[] = []
  for await (const records of tailLog(options)) {
    if (records.length === 0) break
    for (const { topic, partition, offset, looks, value } of records) {
      lines.push(`${topic}/${partition}/${offset} ${looks} ${value}`)
    }
  }
  return lines.toSorted()
}

test('it begins with the newest of each partition, as they look', async () => {
  await using stage = await openLog()
  const expected = [
    'a/0/1 valid 2',
    'a/0/2 valid 3',
    'b/1/0 missing /user_id ',
    'b/1/1 valid \ufffd1',
  ]
  expect(await read(stage.options({}))).toEqual(expected)
  expect(await read(stage.options({ backCount: 1 }))).toEqual([expected[1], expected[3]])
  expect(await read(stage.options({ backCount: 9 }))).toHaveLength(5)
  expect(await read(stage.options({ backCount: 0 }))).toEqual([])
})

test('it goes on with what comes, until it is called off', async () => {
  await using stage = await openLog()
  const end = new AbortController()
  const seen: number[] = []
  for await (const records of tailLog(stage.options({ backCount: 0, signal: end.signal }))) {
    seen.push(...records.map(({ offset }) => offset))
    if (seen.length === 0) await stage.log.append([record('a', 0, toUtf8('4'))], never)
    else end.abort()
  }
  expect(seen).toEqual([3])
})
