import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, onTestFinished, test } from 'vitest'
import { encodeRecordBatch } from '../../model/record-batch.ts'
import { toUtf8 } from '../../std/bytes.ts'
import { NEVER, numbered, readTexts, SETTINGS, toRecord } from '../contract/kit.contract.ts'
import type { EventLog } from '../log.ts'
import type { TornTail } from './recover.ts'
import { openSegmentLog, type SegmentLogOptions } from './segment-log.ts'
import type { CrashPoint } from './writer.ts'

async function makeDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'weir-recover-'))
  onTestFinished(() => rm(directory, { recursive: true }))
  return directory
}

async function open(directory: string, more: Partial<SegmentLogOptions> = {}): Promise<EventLog> {
  const log = await openSegmentLog({ ...SETTINGS, directory, ...more })
  onTestFinished(async () => {
    await log[Symbol.asyncDispose]()
  })
  return log
}

const nameOf = (baseOffset: number): string => `${String(baseOffset).padStart(20, '0')}.log`

/** Lays segment files out for orders-0, by base offset. */
async function layOut(files: { readonly [baseOffset: number]: Uint8Array }): Promise<string> {
  const directory = await makeDirectory()
  await mkdir(join(directory, 'orders-0'))
  for (const [baseOffset, bytes] of Object.entries(files)) {
    await writeFile(join(directory, 'orders-0', nameOf(Number(baseOffset))), bytes)
  }
  return directory
}

/** A batch of the records `<offset>`, …, from an offset on. */
function batchAt(baseOffset: number, count = 1, values: readonly Uint8Array[] = []): Uint8Array {
  const records = Array.from({ length: count }, (_, index) => ({
    key: toUtf8('u'),
    value: values[index] ?? toUtf8(`${baseOffset + index}`),
    headers: [],
  }))
  return encodeRecordBatch({ baseOffset, arrivalMs: 1_000, records })
}

function flipLast(batch: Uint8Array): Uint8Array {
  return batch.with(batch.length - 1, (batch.at(-1) ?? 0) ^ 1)
}

const range = (count: number): readonly string[] =>
  Array.from({ length: count }, (_, index) => `${index}`)

/** Opens and reads everything; then appends one record, opens again and reads again. */
async function expectWhole(directory: string, count: number): Promise<readonly TornTail[]> {
  const torn: TornTail[] = []
  const log = await open(directory, { onTornTail: tail => torn.push(tail) })
  expect(await readTexts(log)).toEqual(range(count))
  await log.append([toRecord(`${count}`)], NEVER)
  await log[Symbol.asyncDispose]()
  const again = await open(directory, { onTornTail: tail => torn.push(tail) })
  expect(await readTexts(again)).toEqual(range(count + 1))
  return torn
}

describe('a torn tail', () => {
  const whole = Buffer.concat([batchAt(0, 3), batchAt(3)])
  const last = batchAt(4, 3)

  test('is cut wherever the last batch was torn', async () => {
    for (let size = 1; size < last.length; size += 1) {
      const directory = await layOut({ 0: Buffer.concat([whole, last.subarray(0, size)]) })
      const torn = await expectWhole(directory, 4)
      expect(torn).toMatchObject([{ position: whole.length, sizeBytes: size }])
    }
  })

  test('is cut where parts of it never reached the disk', async () => {
    for (let hole = 17; hole < last.length - 4; hole += 7) {
      const bytes = Buffer.concat([whole, last]).fill(0, whole.length + hole)
      expect(await expectWhole(await layOut({ 0: bytes }), 4)).toHaveLength(1)
    }
  })

  test('is cut where only its size reached the disk', async () => {
    const bytes = Buffer.concat([whole, Buffer.alloc(5_000)])
    expect(await expectWhole(await layOut({ 0: bytes }), 4)).toHaveLength(1)
  })

  test('may be all that a segment has; arrivals go on from the one before', async () => {
    const directory = await layOut({ 0: whole, 4: last.subarray(0, 70) })
    const torn: TornTail[] = []
    const clock = { ...SETTINGS.clock, now: () => 10 }
    const log = await open(directory, { clock, onTornTail: tail => torn.push(tail) })
    expect(torn).toMatchObject([{ position: 0, sizeBytes: 70 }])
    const [place] = await log.append([toRecord('4')], NEVER)
    expect(place).toMatchObject({ offset: 4, arrivalMs: 1_000 })
    expect(await readTexts(log)).toEqual(range(5))
  })

  test('is cut even if a visitor sent the bytes of batches', async () => {
    const fake = Buffer.concat([batchAt(4), batchAt(5), batchAt(9), Buffer.from('…'), batchAt(6)])
    const hostile = batchAt(4, 2, [fake, fake])
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: hostile.length - 1 }), async size => {
        const directory = await layOut({ 0: Buffer.concat([whole, hostile.subarray(0, size)]) })
        expect(await expectWhole(directory, 4)).toHaveLength(1)
      }),
      { numRuns: 60 },
    )
  })

  test('is no longer there when the log is opened once more', async () => {
    const directory = await layOut({ 0: Buffer.concat([whole, last.subarray(0, 80)]) })
    await (await open(directory))[Symbol.asyncDispose]()
    expect(await readFile(join(directory, 'orders-0', nameOf(0)))).toEqual(whole)
  })
})

describe('damage', () => {
  // The length of the second batch's record takes two bytes.
  const batches = [batchAt(0, 3), batchAt(3, 1, [new Uint8Array(100)]), batchAt(4, 3)]
  const positions = [0, batches[0]?.length ?? 0]
  const bytes = Buffer.concat(batches)

  const withLongRecord = Buffer.from(bytes)
  const lengthAt = (positions[1] ?? 0) + 62 // second byte of the varint
  withLongRecord[lengthAt] = (withLongRecord[lengthAt] ?? 0) | 0x40

  test('of any bit in front of the last batch is told, with file and position', async () => {
    const lastStart = bytes.length - (batches[2]?.length ?? 0)
    await fc.assert(
      fc.asyncProperty(fc.nat(lastStart - 1), fc.nat(7), async (at, bit) => {
        // The leader epoch means nothing to us, and is under no checksum.
        const within = at - (positions[1] !== undefined && at >= positions[1] ? positions[1] : 0)
        fc.pre(within < 12 || within >= 16)
        const flipped = Buffer.from(bytes)
        flipped[at] = (flipped[at] ?? 0) ^ (1 << bit)
        const directory = await layOut({ 0: flipped })
        const start = at >= (positions[1] ?? 0) ? positions[1] : 0
        await expect(open(directory)).rejects.toMatchObject({
          code: 'LOG_CORRUPT',
          message: expect.stringContaining(`orders-0/${nameOf(0)} is damaged at byte ${start}:`),
        })
        expect(await readFile(join(directory, 'orders-0', nameOf(0)))).toEqual(flipped)
      }),
      { numRuns: 150 },
    )
  })

  test.each([
    ['garbage in front', { 0: Buffer.concat([Buffer.from('garbage'), bytes]) }],
    ['garbage between', { 0: Buffer.concat([batchAt(0), Buffer.from('garbage'), batchAt(1)]) }],
    ['a batch missing', { 0: Buffer.concat([batchAt(0), batchAt(2)]) }],
    ['a batch twice', { 0: Buffer.concat([batchAt(0), batchAt(0)]) }],
    ['the last batch renumbered', { 0: Buffer.concat([batchAt(0), batchAt(7)]) }],
    ['a segment under another name', { 0: batchAt(0), 1: batchAt(0) }],
    ['a record that claims to reach past the end', { 0: withLongRecord }],
    ['an empty segment in front', { 0: Buffer.alloc(0), 1: batchAt(1) }],
    ['records missing before an empty one', { 0: batchAt(0), 2: Buffer.alloc(0) }],
  ])('%s is told when the log is opened', async (_, files) => {
    await expect(open(await layOut(files))).rejects.toMatchObject({ code: 'LOG_CORRUPT' })
  })

  test.each([
    ['a flipped bit', Buffer.from(batchAt(0, 3)).fill(1, 70, 71)],
    ['a flipped bit in a later batch', Buffer.concat([batchAt(0, 2), flipLast(batchAt(2))])],
    ['a cut file', batchAt(0, 3).subarray(0, 80)],
    ['records that end too early', batchAt(0, 2)],
  ])('%s in an older segment is told when it is read', async (_, older) => {
    const log = await open(await layOut({ 0: older, 3: batchAt(3) }))
    expect(await readTexts(log, { offset: 3 })).toEqual(['3'])
    await expect(readTexts(log)).rejects.toMatchObject({
      code: 'LOG_CORRUPT',
      message: expect.stringContaining(nameOf(0)),
    })
  })
})

describe('opening again', () => {
  test('goes on where the log stopped, over many segments', async () => {
    const directory = await makeDirectory()
    for (let round = 0; round < 5; round += 1) {
      await using log = await openSegmentLog({ ...SETTINGS, directory, segmentBytes: 500 })
      for (let call = 0; call < 10; call += 1) {
        const [place] = await log.append([toRecord(`${round * 10 + call}`)], NEVER)
        expect(place?.offset).toBe(round * 10 + call)
      }
    }
    const log = await open(directory)
    for (const offset of [0, 1, 25, 49]) {
      expect(await readTexts(log, { offset })).toEqual(range(50).slice(offset))
    }
    const files = await readdir(join(directory, 'orders-0'))
    expect(files.length).toBeGreaterThan(5)
  })

  test('makes no directory before the first record', async () => {
    const directory = await makeDirectory()
    const log = await open(join(directory, 'a', 'b'))
    expect(await readdir(join(directory, 'a', 'b'))).toEqual([])
    await log.append(numbered(1), NEVER)
    expect(await readdir(join(directory, 'a', 'b'))).toEqual(['orders-0'])
  })

  test('with fewer partitions is refused', async () => {
    const directory = await makeDirectory()
    const log = await open(directory)
    await log.append(numbered(1, { partition: 2 }), NEVER)
    await expect(open(directory, { partitions: 2 })).rejects.toMatchObject({
      code: 'DATA_DIR_MISMATCH',
    })
  })

  test.each(['', '..', '../orders', 'a b', 'x'.repeat(201)])('topic %j is refused', async topic => {
    await expect(open(await makeDirectory(), { topics: [topic] })).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
    })
  })
})

describe('a crash', () => {
  const POINTS: readonly CrashPoint[] = [
    'append.before',
    'append.after',
    'fsync.before',
    'fsync.after',
    'roll.before',
    'roll.after',
  ]

  test.each(POINTS)('at %s loses nothing that was acknowledged', async point => {
    const directory = await makeDirectory()
    const failure = new Error(`crash at ${point}`)
    let left = 3
    const crash = (at: CrashPoint): void => {
      if (at === point) left -= 1
      if (left === 0) throw failure
    }
    const log = await open(directory, { segmentBytes: 300, crash })
    let acknowledged = 0
    const append = async (): Promise<void> => {
      for (;;) {
        await log.append([toRecord(`${acknowledged}`)], NEVER)
        acknowledged += 1
      }
    }
    await expect(append()).rejects.toBe(failure)
    await expect(log.append([toRecord('more')], NEVER)).rejects.toMatchObject({
      code: 'LOG_UNAVAILABLE',
    })
    expect(await readTexts(log)).toEqual(range(acknowledged))

    const again = await open(directory, { segmentBytes: 300 })
    const texts = await readTexts(again)
    expect(texts).toEqual(range(texts.length))
    expect(texts.length - acknowledged).toBeGreaterThanOrEqual(0)
    expect(texts.length - acknowledged).toBeLessThanOrEqual(1)
  })

  test('of one write stops its partition at once, and no other', async () => {
    const directory = await makeDirectory()
    const failure = new Error('crash')
    let isFailing = false
    const crash = (point: CrashPoint): void => {
      if (isFailing && point === 'append.before') throw failure
    }
    const log = await open(directory, { crash })
    await log.append([toRecord('0'), toRecord('0', { partition: 1 })], NEVER)
    isFailing = true
    const first = log.append([toRecord('lost')], NEVER)
    const queued = log.append([toRecord('lost too')], NEVER)
    await expect(first).rejects.toBe(failure)
    isFailing = false
    const unavailable = { code: 'LOG_UNAVAILABLE' }
    await expect(queued).rejects.toMatchObject(unavailable)
    const both = [toRecord('lost'), toRecord('not begun', { partition: 1 })]
    await expect(log.append(both, NEVER)).rejects.toMatchObject(unavailable)
    await log.append([toRecord('1', { partition: 1 })], NEVER)
    expect(await readTexts(log)).toEqual(['0'])
    expect(await readTexts(log, { partition: 1 })).toEqual(['0', '1'])
  })
})
