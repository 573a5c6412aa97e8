/** The contract of reading: any start, whole batches, fair turns, waiting without missing. */
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { readBatchHeader } from '../../model/record-batch.ts'
import { KIB, MIB } from '../../std/units.ts'
import type { EventLog } from '../log.ts'
import {
  NEVER,
  numbered,
  type Open,
  pullOnce,
  READ,
  readTexts,
  recordsOf,
  textOf,
  toRecord,
  WAIT_LONG,
} from './kit.contract.ts'

export function describeReading(open: Open): void {
  test('reading begins at any offset, in the middle of a batch too', async () => {
    const log = await open({ segmentBytes: 500 })
    for (let batch = 0; batch < 20; batch += 1) await log.append(numbered(7), NEVER)
    for (const offset of [0, 1, 6, 7, 8, 69, 70, 138, 139, 140]) {
      expect(await readTexts(log, { offset })).toHaveLength(140 - offset)
    }
  })

  test('reading begins anywhere in a large segment', async () => {
    const log = await open({ segmentBytes: 16 * MIB })
    const padding = 'x'.repeat(1_000)
    for (let batch = 0; batch < 40; batch += 1) {
      const records = Array.from({ length: 50 }, (_, index) =>
        toRecord(`${batch * 50 + index} ${padding}`),
      )
      await log.append(records, NEVER)
    }
    for (let offset = 0; offset < 2_000; offset += 97) {
      const position = { topic: 'orders', partition: 0, offset }
      const [fetch] = await pullOnce(log, [position], { ...READ, bytesMax: 100 * KIB })
      const texts = fetch === undefined ? [] : recordsOf(fetch).map(textOf)
      expect(texts[0]).toBe(`${offset} ${padding}`)
    }
  })

  test('a fetch tells where to go on, and the bounds', async () => {
    const log = await open()
    await log.append(numbered(4), NEVER)
    const [fetch] = await pullOnce(log, [{ topic: 'orders', partition: 0, offset: 2 }], READ)
    expect(fetch).toMatchObject({ offset: 2, offsetNext: 4, offsetFirst: 0, offsetEnd: 4 })
  })

  test('an offset past the end is out of range; the end itself is not', async () => {
    const log = await open()
    await log.append(numbered(4), NEVER)
    const outOfRange = { code: 'LOG_OFFSET_OUT_OF_RANGE' }
    await expect(readTexts(log, { offset: 5 })).rejects.toMatchObject(outOfRange)
    await expect(readTexts(log, { partition: 1, offset: 1 })).rejects.toMatchObject(outOfRange)
    await expect(readTexts(log, { offset: -1 })).rejects.toMatchObject(outOfRange)
    expect(await readTexts(log, { offset: 4 })).toEqual([])
    expect(await readTexts(log, { partition: 1 })).toEqual([])
  })

  test('a pull stays within its bytes, but for a single batch', async () => {
    const log = await open()
    for (let batch = 0; batch < 40; batch += 1) {
      await log.append(numbered(1 + (batch % 5)), NEVER)
    }
    const position = { topic: 'orders', partition: 0, offset: 0 }
    let pulls = 0
    for await (const fetches of log.read([position], { ...READ, bytesMax: 400 }, NEVER)) {
      if (fetches.length === 0) break
      for (const { bytes } of fetches) {
        const first = readBatchHeader(bytes, 0)?.byteLength ?? 0
        expect(bytes.length).toBeLessThanOrEqual(Math.max(400, first))
      }
      pulls += 1
    }
    expect(pulls).toBeGreaterThan(10)
  })

  test('all partitions come in turn, each in its order', async () => {
    const log = await open()
    const partitions = [0, 1, 2]
    for (const partition of partitions) {
      for (let batch = 0; batch < 30; batch += 1)
        await log.append(numbered(5, { partition }), NEVER)
    }
    const positions = partitions.map(partition => ({ topic: 'orders', partition, offset: 0 }))
    const offsets = [0, 0, 0]
    for await (const fetches of log.read(positions, { ...READ, bytesMax: 300 }, NEVER)) {
      if (fetches.length === 0) break
      for (const fetch of fetches) {
        expect(fetch.offset).toBe(offsets[fetch.partition])
        offsets[fetch.partition] = fetch.offsetNext
      }
      // 300 bytes hold two batches: no partition gets more than three ahead of another.
      expect(Math.max(...offsets) - Math.min(...offsets)).toBeLessThanOrEqual(15)
    }
    expect(offsets).toEqual([150, 150, 150])
  })

  test('a busy partition takes nothing from a quiet one', async () => {
    const log = await open()
    for (let batch = 0; batch < 100; batch += 1) await log.append(numbered(10), NEVER)
    await log.append([toRecord('quiet', { partition: 2 })], NEVER)
    const positions = [0, 2].map(partition => ({ topic: 'orders', partition, offset: 0 }))
    const fetches = await pullOnce(log, positions, { ...READ, bytesMax: 2_000 })
    expect(fetches.map(fetch => fetch.partition)).toEqual([0, 2])
  })

  test('what is pulled stays as it is until the next pull, whatever is read ahead', async () => {
    const log = await open({ segmentBytes: 16 * MIB })
    const padding = 'x'.repeat(4_000)
    const written = Array.from({ length: 1_500 }, (_, index) => `${index} ${padding}`)
    for (let at = 0; at < written.length; at += 25) {
      await log.append(
        written.slice(at, at + 25).map(text => toRecord(text)),
        NEVER,
      )
    }
    const read: string[] = []
    const positions = [{ topic: 'orders', partition: 0, offset: 0 }]
    for await (const fetches of log.read(positions, READ, NEVER)) {
      if (fetches.length === 0) break
      await sleep(20)
      for (const fetch of fetches) read.push(...recordsOf(fetch).map(textOf))
    }
    expect(read.length).toBe(written.length)
    expect(read.every((text, index) => text === written[index])).toBe(true)
  })

  test('two readers do not disturb each other', async () => {
    const log = await open({ segmentBytes: 2_000 })
    const written = Array.from({ length: 30 }, (_, batch) => [`${batch}a`, `${batch}b`])
    const reading = Promise.all([readTo(log, 60, 300), readTo(log, 60, 5_000)])
    for (const texts of written)
      await log.append(
        texts.map(text => toRecord(text)),
        NEVER,
      )
    expect(await reading).toEqual([written.flat(), written.flat()])
  })

  test('many partitions can be read at once', async () => {
    const topics = Array.from({ length: 30 }, (_, index) => `topic-${index}`)
    const log = await open({ topics, partitions: 4 })
    const positions = topics.flatMap(topic =>
      [0, 1, 2, 3].map(partition => ({ topic, partition, offset: 0 })),
    )
    await log.append(
      positions.map(place => toRecord(place.topic, place)),
      NEVER,
    )
    const seen = new Set<string>()
    for await (const fetches of log.read(positions, { ...READ, bytesMax: 500 }, NEVER)) {
      if (fetches.length === 0) break
      for (const fetch of fetches) seen.add(`${fetch.topic}/${fetch.partition}`)
    }
    expect(seen.size).toBe(120)
    expect(await log.bounds(NEVER)).toHaveLength(120)
  })
}

/** Reads until `count` records came, waiting for those that are still to be appended. */
async function readTo(log: EventLog, count: number, bytesMax: number): Promise<readonly string[]> {
  const texts: string[] = []
  const position = { topic: 'orders', partition: 0, offset: 0 }
  for await (const fetches of log.read([position], { ...WAIT_LONG, bytesMax }, NEVER)) {
    for (const fetch of fetches) texts.push(...recordsOf(fetch).map(textOf))
    if (texts.length >= count) break
  }
  return texts
}

export function describeWaiting(open: Open): void {
  const positions = [{ topic: 'orders', partition: 0, offset: 0 }]

  test('nothing to read is an empty item, again and again', async () => {
    const log = await open()
    let pulls = 0
    for await (const fetches of log.read(positions, { ...READ, waitMsMax: 1 }, NEVER)) {
      expect(fetches).toEqual([])
      pulls += 1
      if (pulls === 3) break
    }
    expect(pulls).toBe(3)
  })

  test('an append ends the wait', async () => {
    const log = await open()
    const pulled = pullOnce(log, positions, WAIT_LONG)
    await log.append([toRecord('a')], NEVER)
    expect((await pulled).flatMap(recordsOf).map(textOf)).toEqual(['a'])
  })

  test('an append elsewhere does not', async () => {
    const log = await open()
    const pulled = pullOnce(log, positions, WAIT_LONG)
    await log.append([toRecord('elsewhere', { partition: 1 })], NEVER)
    await log.append([toRecord('here')], NEVER)
    expect((await pulled).map(fetch => fetch.partition)).toEqual([0])
  })

  test('calling off ends the reader, waiting or not', async () => {
    const log = await open()
    const stop = new AbortController()
    const reader = log.read(positions, WAIT_LONG, stop.signal)[Symbol.asyncIterator]()
    const pulled = reader.next()
    stop.abort()
    expect((await pulled).done).toBe(true)
    await log.append([toRecord('a')], NEVER)
    const late = log.read(positions, WAIT_LONG, stop.signal)[Symbol.asyncIterator]()
    expect((await late.next()).done).toBe(true)
  })

  test('closing the log ends its readers', async () => {
    const log = await open()
    const pulled = log.read(positions, WAIT_LONG, NEVER)[Symbol.asyncIterator]().next()
    await log[Symbol.asyncDispose]()
    expect((await pulled).done).toBe(true)
  })
}
