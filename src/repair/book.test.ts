import { describe, expect, test } from 'vitest'
import type { ObjectStore } from '../model/object-store.ts'
import type { Reject } from '../model/step.ts'
import { fromUtf8, toUtf8 } from '../std/bytes.ts'
import type { RepairBook, RepairEntry } from './book.ts'
import { eventOf, openRepairBook, openRepairView } from './book.ts'

const { signal } = new AbortController()

/** The plainest object store there can be: adapters are in another room. */
function createObjects(): ObjectStore & { readonly listCount: () => number } {
  const kept = new Map<string, { bytes: Uint8Array; version: string }>()
  let puts = 0
  let lists = 0
  return {
    listCount: () => lists,
    put: async (key, bytes, options = {}) => {
      if (options.ifAbsent === true && kept.has(key)) return 'exists'
      puts += 1
      kept.set(key, { bytes: bytes.slice(), version: String(puts) })
      return 'stored'
    },
    get: async (key, options = {}) => {
      const found = kept.get(key) ?? null
      return found !== null && found.version === options.unless ? 'unchanged' : found
    },
    list: async function* (prefix) {
      lists += 1
      for (const key of [...kept.keys()].sort()) {
        if (key.startsWith(prefix)) yield { key, sizeBytes: 1 }
      }
    },
    delete: async key => {
      kept.delete(key)
    },
  }
}

function createBed() {
  let nowMs = 1_000
  const clock = { now: () => nowMs, monotonic: () => nowMs, sleep: async () => undefined }
  const objects = createObjects()
  const options = { objects, prefix: 'repairs/', clock }
  const wait = (ms: number): void => {
    nowMs += ms
  }
  return { objects, wait, book: openRepairBook(options), view: openRepairView(options) }
}

function rejectAt(offset: number, value = 'bad'): Reject {
  const place = { topic: 'purchase', partition: 1, offset, arrivalMs: 5 }
  const fault = { code: 'missing', pointer: '' } as const
  return { ...place, ...fault, key: null, value: toUtf8(value), file: null, line: null }
}

async function unfinishedOf(book: RepairBook): Promise<readonly number[]> {
  const offsets: number[] = []
  for await (const entry of book.unfinished(signal)) offsets.push(entry.offset)
  return offsets.sort((a, b) => a - b)
}

describe('the book of repairs', () => {
  test('of two that begin one reject, both get the bytes of the first', async () => {
    const { book } = createBed()
    const [one, two] = await Promise.all([
      book.begin(rejectAt(3), toUtf8('one')),
      book.begin(rejectAt(3), toUtf8('two')),
    ])
    expect(fromUtf8(eventOf(one))).toBe('one')
    expect(two).toEqual(one)
    expect(await book.find(rejectAt(3))).toEqual(one)
    expect(await book.find(rejectAt(4))).toBeNull()
  })

  test('what is begun is unfinished until it is complete', async () => {
    const { book, wait } = createBed()
    const entries: RepairEntry[] = []
    for (let offset = 0; offset < 70; offset += 1) {
      entries.push(await book.begin(rejectAt(offset), toUtf8('x')))
    }
    expect(await unfinishedOf(book)).toHaveLength(70)
    wait(500)
    await book.complete(entries.slice(2))
    expect(await unfinishedOf(book)).toEqual([0, 1])
    expect((await book.find(rejectAt(2)))?.done_at_ms).toBe(1_500)
  })

  test('a log that was made anew is not taken for the one before', async () => {
    const { book } = createBed()
    await book.begin(rejectAt(3), toUtf8('x'))
    await expect(book.find(rejectAt(3, 'another'))).rejects.toThrow(/another record at that place/)
    await expect(book.begin(rejectAt(3, 'other'), toUtf8('x'))).rejects.toThrow(/move the folder/)
  })

  test('a damaged entry is told', async () => {
    const { book, objects } = createBed()
    await objects.put('repairs/purchase/1/3.json', toUtf8('{"topic":1}'))
    await expect(book.find(rejectAt(3))).rejects.toThrow(
      /'repairs\/purchase\/1\/3.json' is damaged/,
    )
  })
})

describe('the view of it', () => {
  test('tells what is complete, and looks through the book only when it changed', async () => {
    const { book, view, objects, wait } = createBed()
    expect((await view.counts()).size).toBe(0)
    const entry = await book.begin(rejectAt(3), toUtf8('x'))
    expect(await view.doneAt([rejectAt(3)])).toEqual([null])
    await book.complete([entry])
    wait(10)
    expect(await view.counts()).toEqual(new Map([['purchase 1', 1]]))
    expect(await view.doneAt([rejectAt(3), rejectAt(4)])).toEqual([1_000, null])
    const before = objects.listCount()
    await view.counts()
    await view.counts()
    expect(objects.listCount()).toBe(before)
    await book.complete([await book.begin(rejectAt(4), toUtf8('x'))])
    expect(await view.counts()).toEqual(new Map([['purchase 1', 2]]))
  })

  test('finds in a while what a process completed that died before it said so', async () => {
    const { book, view, objects, wait } = createBed()
    await view.counts()
    const entry = await book.begin(rejectAt(3), toUtf8('x'))
    const done = { ...entry, done_at_ms: 7 }
    await objects.put('repairs/purchase/1/3.json', toUtf8(JSON.stringify(done)))
    expect((await view.counts()).size).toBe(0)
    wait(61_000)
    expect(await view.counts()).toEqual(new Map([['purchase 1', 1]]))
  })
})
