/** The contract of limits and retention: nothing goes that is not released. */
import { expect, test } from 'vitest'
import { createSystemClock } from '../../std/clock.ts'
import { KIB, MIB } from '../../std/units.ts'
import type { EventLog } from '../log.ts'
import { NEVER, type Open, READ, readTexts, toRecord } from './kit.contract.ts'

export function describeLimits(open: Open): void {
  test('a record larger than a batch, a segment and a pull goes in and comes out', async () => {
    const log = await open()
    const big = 'x'.repeat(3 * MIB)
    await log.append([toRecord('a'), toRecord(big), toRecord('b')], NEVER)
    const texts = await readTexts(log, {}, { ...READ, bytesMax: 10 * KIB })
    expect(texts.map(text => text.length)).toEqual([1, 3 * MIB, 1])
  })

  test('a log at its limit takes nothing, and keeps what it has', async () => {
    const log = await open({ logBytesMax: 4 * KIB, segmentBytes: KIB, retentionBytes: 0 })
    const texts: string[] = []
    let error: unknown = null
    while (error === null) {
      const records = [toRecord(`${texts.length}`), toRecord('-', { partition: 1 })]
      try {
        await log.append(records, NEVER)
        texts.push(`${texts.length}`)
      } catch (thrown) {
        error = thrown
      }
    }
    expect(error).toMatchObject({ code: 'LOG_FULL', retry: 'with-backoff' })
    expect(texts.length).toBeGreaterThan(5)
    expect(await readTexts(log)).toEqual(texts)
    expect(await readTexts(log, { partition: 1 })).toHaveLength(texts.length)
  })

  test('what is released and too much goes, and makes room', async () => {
    const log = await open({ logBytesMax: 8 * KIB, segmentBytes: KIB, retentionBytes: 2 * KIB })
    for (let call = 0; call < 200; call += 1) {
      const [place] = await log.append([toRecord(`${call}`)], NEVER)
      log.release([{ topic: 'orders', partition: 0, offset: (place?.offset ?? 0) + 1 }])
    }
    const bounds = await settled(log, ({ sizeBytes }) => sizeBytes <= 3 * KIB)
    expect(bounds.offsetEnd).toBe(200)
    expect(bounds.offsetFirst).toBeGreaterThan(150)
    expect(bounds.sizeBytes).toBeGreaterThan(KIB)
    const outOfRange = { code: 'LOG_OFFSET_OUT_OF_RANGE' }
    await expect(readTexts(log, { offset: 3 })).rejects.toMatchObject(outOfRange)
    const { offsetFirst } = bounds
    expect(await readTexts(log, { offset: offsetFirst })).toHaveLength(200 - offsetFirst)
  })

  test('what is not released stays, and a lower release changes nothing', async () => {
    const log = await open({ segmentBytes: KIB, retentionBytes: 0, retentionMs: 0 })
    for (let call = 0; call < 100; call += 1) await log.append([toRecord(`${call}`)], NEVER)
    expect((await boundsOf(log)).offsetFirst).toBe(0)
    log.release([{ topic: 'orders', partition: 0, offset: 50 }])
    log.release([{ topic: 'orders', partition: 0, offset: 10 }])
    const { offsetFirst } = await settled(log, bounds => bounds.offsetFirst > 35)
    expect(offsetFirst).toBeLessThanOrEqual(50)
    expect(await readTexts(log, { offset: 50 })).toHaveLength(50)
  })

  test('what is released and too old goes, though nothing more is released', async () => {
    let nowMs = 0
    const clock = { ...createSystemClock(), now: () => nowMs }
    const log = await open({ clock, segmentBytes: KIB, retentionMs: 500 })
    for (let call = 0; call < 50; call += 1) await log.append([toRecord(`${call}`)], NEVER)
    log.release([{ topic: 'orders', partition: 0, offset: 50 }])
    log.release([{ topic: 'orders', partition: 0, offset: 0 }])
    nowMs = 500
    for (let call = 50; call < 100; call += 1) await log.append([toRecord(`${call}`)], NEVER)
    expect((await boundsOf(log)).offsetFirst).toBe(0)
    nowMs = 501
    await log.append([toRecord('100')], NEVER)
    const { offsetFirst } = await settled(log, bounds => bounds.offsetFirst > 30)
    expect(offsetFirst).toBeLessThanOrEqual(50)
  })

  test('a reader that retention passed is told', async () => {
    const log = await open({ segmentBytes: KIB, retentionBytes: 0 })
    for (let call = 0; call < 50; call += 1) await log.append([toRecord(`${call}`)], NEVER)
    const positions = [{ topic: 'orders', partition: 0, offset: 0 }]
    const reader = log.read(positions, { ...READ, bytesMax: 100 }, NEVER)[Symbol.asyncIterator]()
    await reader.next()
    log.release([{ topic: 'orders', partition: 0, offset: 50 }])
    await settled(log, bounds => bounds.offsetFirst > 10)
    await expect(reader.next()).rejects.toMatchObject({ code: 'LOG_OFFSET_OUT_OF_RANGE' })
  })
}

type Bounds = Awaited<ReturnType<EventLog['bounds']>>[number]

async function boundsOf(log: EventLog): Promise<Bounds> {
  const [bounds] = await log.bounds(NEVER)
  if (bounds === undefined) throw new Error('no bounds')
  return bounds
}

/** The bounds of orders-0 once they are so: retention works on its own. */
async function settled(log: EventLog, isSettled: (bounds: Bounds) => boolean): Promise<Bounds> {
  for (;;) {
    const bounds = await boundsOf(log)
    if (isSettled(bounds)) return bounds
    log.release([{ topic: 'orders', partition: 0, offset: 0 }])
    await new Promise(resolve => setTimeout(resolve, 1))
  }
}
