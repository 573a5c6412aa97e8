import { gzipSync, zstdCompressSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Folder } from './fixture.ts'
import { openFolder, readItems, toText } from './fixture.ts'
import { openImportSource } from './importer.ts'

let folder: Folder
beforeAll(async () => {
  folder = await openFolder()
})
afterAll(() => folder[Symbol.asyncDispose]())

const textsOf = async (name: string, content: string | Uint8Array): Promise<string[]> =>
  (await readItems(await folder.write(name, content))).map(toText)

describe('compression', () => {
  const plain = Buffer.from(
    Array.from({ length: 40_000 }, (_, n) => `{"n":${n},"h":${Math.imul(n, 2654435761)}}\n`).join(
      '',
    ),
  )
  const half = Math.floor(plain.length / 2)
  const parts = [plain.subarray(0, half), plain.subarray(half)]
  const expected = plain.toString('latin1').trimEnd().split('\n')

  test.each([
    ['gzip', gzipSync(plain)],
    ['zstd', zstdCompressSync(plain)],
    ['gzip of two members', Buffer.concat(parts.map(part => gzipSync(part)))],
    ['zstd of two frames', Buffer.concat(parts.map(part => zstdCompressSync(part)))],
    [
      'zstd of many frames',
      Buffer.concat(expected.slice(0, 300).map(l => zstdCompressSync(Buffer.from(`${l}\n`)))),
    ],
  ])('%s gives what the plain file gives', async (name, bytes) => {
    const texts = await textsOf(`${name}.log`, bytes)
    expect(texts).toEqual(expected.slice(0, texts.length))
    expect(texts.length).toBe(name === 'zstd of many frames' ? 300 : expected.length)
  })

  test.each([
    ['gzip', gzipSync(plain)],
    ['zstd', zstdCompressSync(plain)],
  ])('%s that is cut off gives what can be read, then a Fault', async (name, bytes) => {
    const path = await folder.write(`cut.${name}`, bytes.subarray(0, bytes.length - 1000))
    const texts: string[] = []
    const signal = new AbortController().signal
    await using source = await openImportSource({ path, mapping: null, from: null, signal })
    const reading = (async () => {
      for await (const batch of source) texts.push(...batch.items.map(toText))
    })()
    await expect(reading).rejects.toMatchObject({
      code: 'FILE_UNREADABLE',
      message: expect.stringContaining(`its ${name} data is cut off`) as string,
    })
    expect(texts.length).toBeGreaterThan(10_000)
    expect(texts).toEqual(expected.slice(0, texts.length))
  })

  test.each([
    ['gzip', gzipSync(plain)],
    ['zstd', zstdCompressSync(plain)],
  ])('%s with rubbish behind it is a Fault, not an end', async (name, bytes) => {
    const path = await folder.write(`more.${name}`, Buffer.concat([bytes, Buffer.from('rubbish')]))
    await expect(readItems(path)).rejects.toMatchObject({ code: 'FILE_UNREADABLE' })
  })
})
