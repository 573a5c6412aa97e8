/** The client for Node at a real process, through a connection that fails. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openWeirClient } from '../src/client/client.ts'
import { createPrng } from '../src/std/prng.ts'
import type { Fate } from './support/flaky-proxy.ts'
import { openFlakyProxy } from './support/flaky-proxy.ts'
import { addKey } from './support/keys.ts'
import type { Place } from './support/place.ts'
import { createPlace } from './support/place.ts'
import type { AuditAnswer, WeirProcess } from './support/process.ts'
import { startWeir, waitUntilDigested } from './support/process.ts'

let place: Place
let weir: WeirProcess

beforeAll(async () => {
  place = await createPlace()
  weir = await startWeir(place.directory)
}, 60_000)

afterAll(async () => {
  await weir.kill()
  await place[Symbol.asyncDispose]()
})

function sumOf(audit: AuditAnswer, what: 'accepted' | 'duplicate'): number {
  return audit.partitions.reduce((sum, line) => sum + line[what], 0)
}

describe('through a connection that fails', () => {
  test('all are stored, each is answered, and none counts twice', async () => {
    const prng = createPrng(3)
    const fates: readonly Fate[] = ['503 before', 'reset after', '500 after', 'reset before']
    // Half of the first. Not for ever: a request that failed nine times has waited two minutes.
    let failuresLeft = 16
    await using proxy = await openFlakyProxy(weir.url, () => {
      if (failuresLeft === 0 || !prng.nextChance(0.5)) return 'pass'
      failuresLeft -= 1
      return fates[prng.nextBelow(fates.length)] ?? 'pass'
    })
    const before = await waitUntilDigested(weir.url)
    const ids: (string | null)[] = []
    {
      await using client = openWeirClient({ url: proxy.endpoint, pendingMax: 600 })
      const sending = Array.from({ length: 5_000 }, (_, index) =>
        client.send({
          event_id: `c${index}`,
          event_type: 'search',
          user_id: `u${index % 97}`,
          data: { query: 'lamp' },
        }),
      )
      for (const answer of await Promise.all(sending)) {
        expect(answer.status).toBe('stored')
        ids.push(answer.event_id)
      }
    }
    expect(ids).toEqual(Array.from({ length: 5_000 }, (_, index) => `c${index}`))
    const after = await waitUntilDigested(weir.url)
    expect(sumOf(after, 'accepted') - sumOf(before, 'accepted')).toBe(5_000)
    expect(sumOf(after, 'duplicate')).toBeGreaterThan(0)
  })

  test('no more are under way than it was told', async () => {
    let release = (): void => {}
    const held = new Promise<void>(resolve => {
      release = resolve
    })
    await using proxy = await openFlakyProxy(weir.url, async (): Promise<Fate> => {
      await held
      return 'pass'
    })
    await using client = openWeirClient({ url: proxy.endpoint, pendingMax: 10 })
    const sending = Array.from({ length: 25 }, () =>
      client.send({ event_type: 'page_view', user_id: 'u', data: {} }),
    )
    await expect.poll(() => proxy.asked.length).toBe(1)
    release()
    await Promise.all(sending)
    // Ten at a time: each request waited for the one before.
    expect(proxy.asked.length).toBeGreaterThanOrEqual(3)
  })
})

describe('what does not go well', () => {
  test('an invalid event is told as one, beside one that is right', async () => {
    await using client = openWeirClient<object>({ url: weir.url })
    const data = { query: 'lamp' }
    const [wrong, right] = await Promise.all([
      client.send({ event_id: 'w', event_type: 'search', user_id: '', data }),
      client.send({ event_type: 'search', user_id: 'u', data }),
    ])
    expect(wrong).toMatchObject({ status: 'invalid', code: 'empty', pointer: '/user_id' })
    expect(right).toMatchObject({
      status: 'stored',
      event_id: expect.stringMatching(/^[0-9a-f-]{36}$/),
    })
  })

  test('a server that is not there is given up, with what to do', async () => {
    await using proxy = await openFlakyProxy(weir.url, () => 'reset before')
    const client = openWeirClient({ url: proxy.endpoint, giveUpMs: 400 })
    const sending = client.send({ event_type: 'search', user_id: 'u', data: { query: 'x' } })
    await expect(sending).rejects.toMatchObject({ code: 'SERVER_UNREACHABLE' })
    expect(proxy.asked.length).toBeGreaterThan(1)
    await client[Symbol.asyncDispose]()
    const late = client.send({ event_type: 'search', user_id: 'u', data: { query: 'x' } })
    await expect(late).rejects.toThrow('the client is closed')
  })

  test('a key that is not good is told at once', async () => {
    await using other = await createPlace()
    const key = addKey(other.directory, ['write'])
    await using closed = await startWeir(other.directory)
    const event = { event_type: 'search', user_id: 'u', data: { query: 'x' } } as const
    await using wrong = openWeirClient({ url: closed.url, key: `${key}0` })
    await expect(wrong.send(event)).rejects.toMatchObject({ code: 'REQUEST_REFUSED' })
    await using right = openWeirClient({ url: closed.url, key })
    expect(await right.send(event)).toMatchObject({ status: 'stored' })
    expect(() => openWeirClient({ url: 'nowhere' })).toThrow("url is 'nowhere'")
  })
})
