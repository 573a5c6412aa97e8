/** What every object store does, whatever it is made of. Run by the tests of each adapter. */
import { describe, expect, test } from 'vitest'
import type { ObjectStore, StoredObject } from '../model/object-store.ts'
import { fromUtf8, toUtf8 } from '../std/bytes.ts'
import { MIB } from '../std/units.ts'

export interface ObjectsBed extends AsyncDisposable {
  readonly objects: ObjectStore
  /** The same objects by another handle, as another process has it. */
  reopen(): ObjectStore
}

export function describeObjects(name: string, makeBed: () => Promise<ObjectsBed>): void {
  describe(name, () => {
    testPuts(makeBed)
    testGets(makeBed)
    testLists(makeBed)
  })
}

async function textOf(objects: ObjectStore, key: string): Promise<string | null> {
  const found = await objects.get(key)
  return found === null ? null : fromUtf8((found as StoredObject).bytes)
}

async function keysOf(objects: ObjectStore, prefix: string): Promise<readonly string[]> {
  const keys: string[] = []
  for await (const { key } of objects.list(prefix)) keys.push(key)
  return keys
}

function testPuts(makeBed: () => Promise<ObjectsBed>): void {
  test('what was put is there, for another handle too, until it is deleted', async () => {
    await using bed = await makeBed()
    expect(await bed.objects.get('a/b.json')).toBeNull()
    expect(await bed.objects.put('a/b.json', toUtf8('one'))).toBe('stored')
    expect(await textOf(bed.reopen(), 'a/b.json')).toBe('one')
    await bed.objects.put('a/b.json', toUtf8('two'))
    expect(await textOf(bed.objects, 'a/b.json')).toBe('two')
    await bed.objects.delete('a/b.json')
    await bed.objects.delete('a/b.json')
    await bed.objects.delete('never/was')
    expect(await bed.objects.get('a/b.json')).toBeNull()
    expect(await keysOf(bed.objects, '')).toEqual([])
  })

  test('the bytes are kept, not the array that held them', async () => {
    await using bed = await makeBed()
    for (const bytes of [toUtf8('kept'), Buffer.from('kept')]) {
      await bed.objects.put('key', bytes)
      bytes.fill(0)
      const found = (await bed.objects.get('key')) as StoredObject
      expect(fromUtf8(found.bytes)).toBe('kept')
      found.bytes.fill(0)
      expect(await textOf(bed.objects, 'key')).toBe('kept')
    }
  })

  test('of 32 that put where there is none, one does, and its bytes stay', async () => {
    await using bed = await makeBed()
    const handles = [bed.objects, bed.reopen()]
    for (let round = 0; round < 8; round += 1) {
      const key = `races/${round}`
      const outcomes = await Promise.all(
        Array.from({ length: 32 }, (_, racer) =>
          (handles[racer % 2] as ObjectStore).put(key, toUtf8(`racer ${racer}`), {
            ifAbsent: true,
          }),
        ),
      )
      expect(outcomes.filter(outcome => outcome === 'stored')).toHaveLength(1)
      expect(outcomes.filter(outcome => outcome === 'exists')).toHaveLength(31)
      expect(await textOf(bed.objects, key)).toBe(`racer ${outcomes.indexOf('stored')}`)
    }
    expect(await keysOf(bed.objects, 'races/')).toHaveLength(8)
  })

  test('a reader during replacement sees one object whole', async () => {
    await using bed = await makeBed()
    const reader = bed.reopen()
    const make = (turn: number): Uint8Array => new Uint8Array(20_000 + turn * 1_000).fill(turn)
    await bed.objects.put('turning', make(0))
    let isDone = false
    const writing = (async () => {
      for (let turn = 1; turn < 40; turn += 1) await bed.objects.put('turning', make(turn))
      isDone = true
    })()
    let last = 0
    while (!isDone) {
      const { bytes } = (await reader.get('turning')) as StoredObject
      const turn = bytes[0] ?? -1
      expect(turn).toBeGreaterThanOrEqual(last)
      expect(bytes).toEqual(make(turn))
      last = turn
    }
    await writing
  })

  test('many puts at once of many keys all take effect', async () => {
    await using bed = await makeBed()
    const keys = Array.from({ length: 60 }, (_, index) => `many/${index % 7}/${index}`)
    await Promise.all(keys.map(key => bed.objects.put(key, toUtf8(key))))
    for (const key of keys) expect(await textOf(bed.objects, key)).toBe(key)
  })

  test('an aborted signal stops a call before it does anything', async () => {
    await using bed = await makeBed()
    const signal = AbortSignal.abort(new Error('called off'))
    await expect(bed.objects.put('key', toUtf8('x'), { signal })).rejects.toThrow('called off')
    await expect(bed.objects.get('key', { signal })).rejects.toThrow('called off')
    expect(await keysOf(bed.objects, '')).toEqual([])
    await bed.objects.put('key', toUtf8('x'))
    const listing = async (): Promise<void> => {
      for await (const entry of bed.objects.list('', signal)) expect(entry).toBeNull()
    }
    await expect(listing()).rejects.toThrow('called off')
  })
}

function testGets(makeBed: () => Promise<ObjectsBed>): void {
  test('a range gives the bytes that there are', async () => {
    await using bed = await makeBed()
    await bed.objects.put('digits', toUtf8('0123456789'))
    const ask = async (offset: number, length: number): Promise<string> => {
      const found = await bed.objects.get('digits', { range: { offset, length } })
      return fromUtf8((found as StoredObject).bytes)
    }
    expect(await ask(0, 10)).toBe('0123456789')
    expect(await ask(3, 4)).toBe('3456')
    expect(await ask(8, 100)).toBe('89')
    expect(await ask(9, 1)).toBe('9')
  })

  test('a version changes with every put, whatever its bytes, and only then', async () => {
    await using bed = await makeBed()
    const seen = new Set<string>()
    for (let turn = 0; turn < 50; turn += 1) {
      // An object store may tell a version from the bytes alone.
      await bed.objects.put('key', toUtf8(String(100 + turn)))
      const { version } = (await bed.objects.get('key')) as StoredObject
      seen.add(version)
      expect(await bed.reopen().get('key', { unless: version })).toBe('unchanged')
      const range = { offset: 0, length: 1 }
      expect(await bed.objects.get('key', { range, unless: version })).toBe('unchanged')
      const other = await bed.objects.get('key', { range, unless: 'other' })
      expect(other).toMatchObject({ version })
    }
    expect(seen.size).toBe(50)
    expect(await bed.objects.get('none', { unless: [...seen][0] ?? '' })).toBeNull()
  })

  test('big and empty objects come back byte by byte', async () => {
    await using bed = await makeBed()
    const big = new Uint8Array(9 * MIB)
    for (let at = 0; at < big.length; at += 1) big[at] = (at * 31 + (at >>> 13)) & 0xff
    await bed.objects.put('big', big)
    const { bytes } = (await bed.objects.get('big')) as StoredObject
    expect(Buffer.compare(bytes, big)).toBe(0)
    const range = { offset: 5 * MIB + 3, length: MIB }
    const part = (await bed.objects.get('big', { range })) as StoredObject
    expect(Buffer.compare(part.bytes, big.subarray(range.offset, range.offset + MIB))).toBe(0)
    await bed.objects.put('empty', new Uint8Array(0))
    expect(((await bed.objects.get('empty')) as StoredObject).bytes).toHaveLength(0)
  })
}

function testLists(makeBed: () => Promise<ObjectsBed>): void {
  test('keys come in the order of their bytes, by prefixes that may end anywhere', async () => {
    await using bed = await makeBed()
    const keys = [
      'B',
      'a-b/c',
      'a.b',
      'a/b',
      'a/b.c',
      'a/c/d',
      'a0',
      'aa/1',
      'aa/10',
      'aa/2',
      'a_b',
    ]
    for (const key of keys.toReversed()) await bed.objects.put(key, toUtf8(key))
    const sorted = keys.toSorted((a, b) => Buffer.compare(toUtf8(a), toUtf8(b)))
    expect(await keysOf(bed.objects, '')).toEqual(sorted)
    for (const prefix of [
      'a',
      'a/',
      'a/b',
      'aa/1',
      'aa/',
      'a-b/c',
      'a-b/c/',
      'b',
      'none/',
      'B/x',
    ]) {
      const expected = sorted.filter(key => key.startsWith(prefix))
      expect(await keysOf(bed.objects, prefix), prefix).toEqual(expected)
    }
  })

  test('more keys than a page of any service, with their sizes', async () => {
    await using bed = await makeBed()
    const keys = Array.from(
      { length: 1_100 },
      (_, index) => `page/${String(index).padStart(5, '0')}`,
    )
    for (let start = 0; start < keys.length; start += 50) {
      const some = keys.slice(start, start + 50)
      await Promise.all(some.map((key, at) => bed.objects.put(key, new Uint8Array(at))))
    }
    const found: [string, number][] = []
    for await (const { key, sizeBytes } of bed.objects.list('page/')) found.push([key, sizeBytes])
    expect(found).toEqual(keys.map((key, index) => [key, index % 50]))
  })
}
