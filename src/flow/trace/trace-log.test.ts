import { describe, expect, test } from 'vitest'
import type { EventLog } from '../../log/log.ts'
import { openMemoryLog } from '../../log/memory/memory-log.ts'
import type { ItemCheck } from '../../model/verdict.ts'
import { fromUtf8, toUtf8 } from '../../std/bytes.ts'
import { createSystemClock } from '../../std/clock.ts'
import type { SearchOptions } from './trace-log.ts'
import { searchLog } from './trace-log.ts'

const NOON = Date.parse('2026-03-01T12:00:00Z')
const signal = new AbortController().signal

/** The id of what is JSON; of nothing else. */
function check(item: Uint8Array): ItemCheck {
  const { id = null } = JSON.parse(fromUtf8(item)) as { readonly id?: string }
  return { eventType: 'a', eventId: id, userId: null, invalid: null }
}

interface Stage extends AsyncDisposable {
  readonly log: EventLog
  /** Appends values as one batch, a minute after the one before. */
  append(partition: number, ...values: readonly string[]): Promise<void>
  /** Places of copies. */
  search(eventId: string, more?: Partial<SearchOptions>): Promise<readonly string[]>
}

async function openStage(): Promise<Stage> {
  let nowMs = NOON
  const clock = { ...createSystemClock(), now: () => nowMs }
  const log = await openMemoryLog({ topics: ['a', 'b'], partitions: 2, clock })
  const options = { log, check, bytesMax: 1e9, isPossible: () => true, signal }
  return {
    log,
    append: async (partition, ...values) => {
      const records = values.map(text => {
        return { topic: 'a', partition, key: null, value: toUtf8(text), headers: [] }
      })
      await log.append(records, signal)
      nowMs += 60_000
    },
    search: async (eventId, more = {}) => {
      const range = { fromMs: NOON - 1, toMs: nowMs + 1 }
      const { copies } = await searchLog({ ...options, ...range, eventId, ...more })
      return copies.map(({ topic, partition, offset }) => `${topic}/${partition}/${offset}`).sort()
    },
    [Symbol.asyncDispose]: () => log[Symbol.asyncDispose](),
  }
}

describe('an id is found', () => {
  test('in every partition, however it is written', async () => {
    await using stage = await openStage()
    await stage.append(0, '{"id":"é1"}', '{"id":"x"}', '{"id":"\\u00e91"}')
    await stage.append(1, '{"note":"é1","id":"other"}', '{"id":"\\u00E9\\u0031"}')
    expect(await stage.search('é1')).toEqual(['a/0/0', 'a/0/2', 'a/1/1'])
    expect(await stage.search('nothing')).toEqual([])
    const isPossible = (place: { readonly partition: number }): boolean => place.partition === 1
    expect(await stage.search('é1', { isPossible })).toEqual(['a/1/1'])
  })

  test('within a range of arrivals only', async () => {
    await using stage = await openStage()
    for (let minute = 0; minute < 5; minute += 1) await stage.append(0, '{"id":"x"}')
    const at = (minute: number): number => NOON + minute * 60_000
    expect(await stage.search('x', { fromMs: at(1), toMs: at(3) })).toEqual(['a/0/1', 'a/0/2'])
    expect(await stage.search('x', { fromMs: at(9), toMs: at(10) })).toEqual([])
    expect(await stage.search('x', { fromMs: 0, toMs: at(0) })).toEqual([])
  })

  test('among thousands, of which those before the range are not read', async () => {
    await using stage = await openStage()
    const filler = Array.from({ length: 1_000 }, (_, at) => `{"id":"other ${at}"}`)
    for (let minute = 0; minute < 8; minute += 1) await stage.append(0, ...filler, '{"id":"x"}')
    const fromMs = NOON + 7 * 60_000
    const whole = { log: stage.log, check, bytesMax: 1e9, isPossible: () => true, signal }
    const range = { fromMs, toMs: fromMs + 1, eventId: 'x' }
    const { copies, bytes, isCut } = await searchLog({ ...whole, ...range })
    expect(copies.map(({ offset }) => offset)).toEqual([8 * 1_001 - 1])
    expect(isCut).toBe(false)
    const all = await searchLog({ ...whole, ...range, fromMs: 0 })
    expect(bytes).toBeLessThan(all.bytes / 2)
    expect(all.copies).toHaveLength(8)
  })
})

test('a search that meets its bound says so', async () => {
  await using stage = await openStage()
  await stage.append(0, '{"id":"x"}')
  await stage.append(0, `{"id":"${'y'.repeat(5_000_000)}"}`)
  await stage.append(0, '{"id":"x"}')
  const range = { fromMs: 0, toMs: NOON * 2, eventId: 'x', bytesMax: 1_000 }
  const options = { log: stage.log, check, isPossible: () => true, signal }
  const { copies, isCut } = await searchLog({ ...options, ...range })
  expect({ offsets: copies.map(({ offset }) => offset), isCut }).toEqual({
    offsets: [0],
    isCut: true,
  })
})
