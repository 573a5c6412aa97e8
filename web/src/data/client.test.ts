import { describe, expect, test } from 'vitest'
import type { Client } from './client.ts'
import { createClient, Refusal } from './client.ts'

interface Fixture {
  readonly client: Client
  readonly asked: Request[]
  readonly locks: () => number
  key: string | null
}

function start(
  answer: (request: Request) => Response | Promise<Response>,
  needsKey = false,
): Fixture {
  let locks = 0
  const asked: Request[] = []
  const fixture: Fixture = {
    asked,
    key: null,
    locks: () => locks,
    client: createClient({
      fetch: async (path, init) => {
        const request = new Request(`http://weir.test/${path}`, init)
        asked.push(request)
        return answer(request)
      },
      key: {
        get: () => fixture.key,
        set: key => {
          fixture.key = key
        },
      },
      locked: () => {
        locks += 1
      },
      needsKey,
    }),
  }
  return fixture
}

const json = (value: unknown, init: ResponseInit = {}): Response =>
  new Response(JSON.stringify(value), init)

describe('get', () => {
  test('asks with the tag of the answer before, and gives the same value again', async () => {
    const { client, asked } = start(request =>
      request.headers.get('If-None-Match') === '"a"'
        ? new Response(null, { status: 304 })
        : json({ rows: [] }, { headers: { ETag: '"a"' } }),
    )
    const first = await client.get('v1/x')
    expect(await client.get('v1/x')).toBe(first)
    expect(await client.get('v1/y')).not.toBe(first)
    expect(asked.map(request => request.headers.get('If-None-Match'))).toEqual([null, '"a"', null])
  })

  test('sends the key, and forgets answers when it changes', async () => {
    const fixture = start(() => json({}, { headers: { ETag: '"a"' } }))
    await fixture.client.get('v1/x')
    fixture.client.setKey('weir_k')
    await fixture.client.get('v1/x')
    const sent = fixture.asked.map(({ headers }) => [
      headers.get('X-Api-Key'),
      headers.get('If-None-Match'),
    ])
    expect(sent).toEqual([
      [null, null],
      ['weir_k', null],
    ])
  })

  test('a refusal carries the problem; 401 asks for a key', async () => {
    const problem = { title: 't', status: 401, code: 'unauthorized', detail: 'no key came' }
    const fixture = start(() => json(problem, { status: 401 }))
    const refusal: unknown = await fixture.client.get('v1/x').catch((error: unknown) => error)
    expect(refusal).toBeInstanceOf(Refusal)
    expect(refusal).toMatchObject({ message: 'no key came', problem })
    expect(fixture.locks()).toBe(1)
    // Nothing more is asked with a key that was refused; with another one it is.
    await expect(fixture.client.get('v1/y')).rejects.toThrow('no key came')
    expect(fixture.asked).toHaveLength(1)
    fixture.client.setKey('weir_other')
    await expect(fixture.client.get('v1/y')).rejects.toThrow('no key came')
    expect(fixture.asked).toHaveLength(2)
  })

  test('where a key is always needed, nothing is asked without one, and 403 asks for another', async () => {
    const fixture = start(() => json({ message: 'Forbidden' }, { status: 403 }), true)
    await expect(fixture.client.get('v1/x')).rejects.toThrow('a key is asked for')
    expect([fixture.asked.length, fixture.locks()]).toEqual([0, 1])
    fixture.client.setKey('wrong')
    await expect(fixture.client.get('v1/x')).rejects.toThrow('Forbidden')
    await expect(fixture.client.get('v1/y')).rejects.toThrow('Forbidden')
    expect([fixture.asked.length, fixture.locks()]).toEqual([1, 2])
  })

  test('elsewhere 403 is about one question', async () => {
    const fixture = start(() => json({ code: 'forbidden', detail: 'scope' }, { status: 403 }))
    await expect(fixture.client.get('v1/x')).rejects.toThrow('scope')
    await expect(fixture.client.get('v1/y')).rejects.toThrow('scope')
    expect([fixture.asked.length, fixture.locks()]).toEqual([2, 0])
  })

  test('too many requests is told as what it is, whoever refuses', async () => {
    const { client } = start(() => json({ message: 'Limit Exceeded' }, { status: 429 }))
    await expect(client.get('v1/x')).rejects.toThrow('too many requests')
  })

  test('no answer is a refusal too, but for one that was called off', async () => {
    const { client } = start(() => Promise.reject(new TypeError('fetch failed')))
    await expect(client.get('v1/x')).rejects.toThrow('the server does not answer')
    await expect(client.get('v1/x', AbortSignal.abort('left'))).rejects.toBe('left')
  })
})

describe('listen', () => {
  const listenTo = async (body: string, type: string): Promise<readonly string[]> => {
    const { client } = start(() => new Response(body, { headers: { 'Content-Type': type } }))
    const told: string[] = []
    await new Promise<void>(resolve => {
      client.listen('v1/live', {
        opened: () => told.push('opened'),
        received: (event, data) => told.push(`${event} ${data}`),
        lost: problem => {
          told.push(`lost ${problem?.code ?? 'at the end'}`)
          resolve()
        },
      })
    })
    return told
  }

  test('reads events', async () => {
    const told = await listenTo('event: a\ndata: 1\n\n', 'text/event-stream; charset=utf-8')
    expect(told).toEqual(['opened', 'a 1', 'lost at the end'])
  })

  test('reads lines', async () => {
    expect(await listenTo('[]\n[1]\n', 'application/x-ndjson')).toEqual([
      'opened',
      ' []',
      ' [1]',
      'lost at the end',
    ])
  })

  test('tells of a refusal once, and of nothing after it is ended', async () => {
    const told: string[] = []
    const { client } = start(() => json({ code: 'busy', detail: 'later' }, { status: 503 }))
    const listener = {
      opened: () => told.push('opened'),
      received: () => told.push('received'),
      lost: (problem: { readonly code: string } | null) => told.push(String(problem?.code)),
    }
    client.listen('v1/live', listener)
    client.listen('v1/live', listener)()
    await expect.poll(() => told).toEqual(['busy'])
  })
})
