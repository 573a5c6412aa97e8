/** The contract of appending: places, order, what comes back. */
import { expect, test } from 'vitest'
import { fromUtf8, toUtf8 } from '../../std/bytes.ts'
import { createSystemClock } from '../../std/clock.ts'
import {
  NEVER,
  numbered,
  type Open,
  pullOnce,
  READ,
  readTexts,
  recordsOf,
  toRecord,
} from './kit.contract.ts'

export function describeAppending(open: Open): void {
  test('records get places in the order of the call', async () => {
    const log = await open()
    const records = [
      toRecord('a'),
      toRecord('b', { partition: 2 }),
      toRecord('c'),
      toRecord('d', { topic: 'views' }),
      toRecord('e', { partition: 2 }),
    ]
    const places = await log.append(records, NEVER)
    expect(places).toMatchObject([
      { topic: 'orders', partition: 0, offset: 0 },
      { topic: 'orders', partition: 2, offset: 0 },
      { topic: 'orders', partition: 0, offset: 1 },
      { topic: 'views', partition: 0, offset: 0 },
      { topic: 'orders', partition: 2, offset: 1 },
    ])
    expect(await readTexts(log, { partition: 2 })).toEqual(['b', 'e'])
  })

  test('no records have no places', async () => {
    expect(await (await open()).append([], NEVER)).toEqual([])
  })

  test('what has a place can be read', async () => {
    const log = await open()
    for (let index = 0; index < 5; index += 1) {
      await log.append([toRecord(`${index}`)], NEVER)
      expect(await readTexts(log)).toHaveLength(index + 1)
    }
  })

  test('overlapping appends keep the order of calls, and no two share a place', async () => {
    const log = await open()
    const calls = Array.from({ length: 50 }, (_, call) =>
      log.append([toRecord(`${call}a`), toRecord(`${call}b`)], NEVER),
    )
    const places = await Promise.all(calls)
    expect(places.flat().map(place => place.offset)).toEqual(
      Array.from({ length: 100 }, (_, index) => index),
    )
    expect(await readTexts(log)).toEqual(
      Array.from({ length: 50 }, (_, call) => [`${call}a`, `${call}b`]).flat(),
    )
  })

  test('a record comes back as it was: null key, empty value, headers, any bytes', async () => {
    const log = await open()
    const value = Uint8Array.from({ length: 256 }, (_, index) => index)
    const headers = [
      { key: 'weir-reason', value: toUtf8('größe') },
      { key: 'weir-reason', value: new Uint8Array(0) },
    ]
    const bare = { topic: 'orders', partition: 0, key: null, value: new Uint8Array(0), headers: [] }
    const [place] = await log.append([{ ...bare, value, headers }, bare], NEVER)
    const [fetch] = await pullOnce(log, [{ topic: 'orders', partition: 0, offset: 0 }], READ)
    const [first, second] = fetch === undefined ? [] : recordsOf(fetch)
    expect(first?.key).toBeNull()
    expect(Buffer.from(first?.value ?? []).equals(value)).toBe(true)
    expect(first?.headers.map(header => [header.key, [...(header.value ?? [])]])).toEqual(
      headers.map(header => [header.key, [...header.value]]),
    )
    expect(first?.arrivalMs).toBe(place?.arrivalMs)
    expect(second).toMatchObject({ key: null, headers: [] })
    expect(second?.value).toHaveLength(0)
  })

  test('a call of more than a batch holds keeps its order', async () => {
    const log = await open()
    const records = numbered(25_000)
    const places = await log.append(records, NEVER)
    expect(places.map(place => place.offset)).toEqual(records.map((_, index) => index))
    expect(await readTexts(log)).toEqual(records.map(record => fromUtf8(record.value)))
  })

  test('an append that is called off before it began appends nothing', async () => {
    const log = await open()
    const reason = new Error('called off')
    await expect(log.append([toRecord('a')], AbortSignal.abort(reason))).rejects.toBe(reason)
    expect(await readTexts(log)).toEqual([])
  })

  test('an append under way can be called off, and disturbs no other', async () => {
    const log = await open()
    const stop = new AbortController()
    const reason = new Error('called off')
    const appended = log.append([toRecord('perhaps')], stop.signal)
    stop.abort(reason)
    await expect(appended).rejects.toBe(reason)
    const [place] = await log.append([toRecord('surely')], NEVER)
    expect((await readTexts(log)).at(place?.offset ?? -1)).toBe('surely')
  })

  test('a closed log takes nothing', async () => {
    const log = await open()
    await log[Symbol.asyncDispose]()
    await expect(log.append([toRecord('a')], NEVER)).rejects.toMatchObject({
      code: 'LOG_UNAVAILABLE',
    })
  })

  test('closing ends the appends under way', async () => {
    const log = await open()
    const appends = Array.from({ length: 20 }, () => log.append([toRecord('a')], NEVER))
    await log[Symbol.asyncDispose]()
    expect(await Promise.all(appends)).toHaveLength(20)
  })
}

export function describeArrivals(open: Open): void {
  test('arrivals are the clock, and never go back', async () => {
    let nowMs = 5_000
    const log = await open({ clock: { ...createSystemClock(), now: () => nowMs } })
    const arrivals: (number | undefined)[] = []
    for (nowMs of [5_000, 4_000, 6_000]) {
      arrivals.push((await log.append([toRecord('x')], NEVER))[0]?.arrivalMs)
    }
    expect(arrivals).toEqual([5_000, 5_000, 6_000])
  })
}
