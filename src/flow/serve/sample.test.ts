import { expect, test } from 'vitest'
import { openMemoryLog } from '../../log/memory/memory-log.ts'
import type { ItemCheck } from '../../model/verdict.ts'
import { toUtf8 } from '../../std/bytes.ts'
import { createSystemClock } from '../../std/clock.ts'
import { SAMPLE_RECORDS_MAX, sampleLog } from './sample.ts'

const good: ItemCheck = { eventType: 'a', eventId: 'e', userId: null, invalid: null }
const never = new AbortController().signal

test('each second has the newest, and how many it leaves out', async () => {
  let nowMs = Date.parse('2024-09-03T10:00:00Z')
  const clock = { ...createSystemClock(), now: () => nowMs, sleep: async () => undefined }
  const log = await openMemoryLog({ topics: ['a', 'b'], partitions: 8, clock })
  await using _log = log
  const append = async (topic: string, partition: number, count: number): Promise<void> => {
    const values = Array.from({ length: count }, (_, at) => toUtf8(`${topic}${partition} ${at}`))
    await log.append(
      values.map(value => ({ topic, partition, key: null, value, headers: [] })),
      never,
    )
    nowMs += 1
  }
  const end = new AbortController()
  const isMeant = (topic: string): boolean => topic === 'a'
  const options = { log, check: () => good, clock, isMeant, signal: end.signal }
  const samples = sampleLog(options)[Symbol.asyncIterator]()
  const next = async (): Promise<{ values: readonly string[]; skipped: number }> => {
    const { value } = await samples.next()
    if (value === undefined) throw new Error('the sample ended')
    const values = value.records.map(({ value: text }: { value: string }) => text)
    return { values, skipped: value.skipped }
  }
  await append('a', 0, 7)
  await append('b', 0, 3)
  expect(await next()).toEqual({ values: ['a0 2', 'a0 3', 'a0 4', 'a0 5', 'a0 6'], skipped: 0 })
  expect(await next()).toEqual({ values: [], skipped: 0 })
  await append('a', 0, 2)
  expect(await next()).toEqual({ values: ['a0 0', 'a0 1'], skipped: 0 })
  for (let partition = 0; partition < 8; partition += 1) await append('a', partition, 100)
  const { values, skipped } = await next()
  expect(values).toHaveLength(SAMPLE_RECORDS_MAX)
  expect(skipped).toBe(800 - SAMPLE_RECORDS_MAX)
  expect(values.at(-1)).toBe('a7 99')
  end.abort()
  expect((await samples.next()).done).toBe(true)
})
