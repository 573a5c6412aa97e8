import { mkdir } from 'node:fs/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Folder } from './fixture.ts'
import { openFolder, readItems, toText } from './fixture.ts'

let folder: Folder
beforeAll(async () => {
  folder = await openFolder()
})
afterAll(() => folder[Symbol.asyncDispose]())

const textsOf = async (name: string, content: string | Uint8Array): Promise<string[]> =>
  (await readItems(await folder.write(name, content))).map(toText)

describe('a format is told from the first bytes and the name', () => {
  test.each([
    ['lines', 'a.ndjson', '{"a":1}\n{"b":2}\n', ['{"a":1}', '{"b":2}']],
    ['windows lines, the last without end', 'b.ndjson', '{"a":1}\r\n\r\nx', ['{"a":1}', 'x']],
    ['a byte order mark', 'c.ndjson', '\ufeff{"a":1}\n', ['{"a":1}']],
    ['lines that begin with nonsense, by name', 'd.jsonl', 'oops\n[1]\n', ['oops', '[1]']],
    ['lines without a name that tells', 'e.log', '{"a":1}\n{"b":2}', ['{"a":1}', '{"b":2}']],
    ['lines, the first one cut off', 'f.log', '{"a":1,\n{"b":2}', ['{"a":1,', '{"b":2}']],
    ['an array', 'g.json', ' [ {"a": [1]} ,{"b":"]"}, 3 ]\n', ['{"a": [1]}', '{"b":"]"}', '3']],
    ['one event, printed over lines', 'h.json', '{\n "a": 1\n}\n', ['{\n "a": 1\n}']],
    [
      'events one after another',
      'i.json',
      '{\n"a":1\n}\n{\n"b":2\n}',
      ['{\n"a":1\n}', '{\n"b":2\n}'],
    ],
    [
      'an envelope with more in it',
      'j.json',
      '{"v":1,"events":[{"a":1}],"w":{"x":[]}}',
      ['{"a":1}'],
    ],
    [
      'an event that has a list of events',
      'k.json',
      '{"event_id":"1","events":[2]}',
      ['{"event_id":"1","events":[2]}'],
    ],
    [
      'envelopes line by line are lines',
      'l.json',
      '{"events":[1]}\n{"events":[2]}',
      ['{"events":[1]}', '{"events":[2]}'],
    ],
    ['nothing', 'm.ndjson', '', []],
    ['nothing but newlines', 'n.json', '\n\r\n\n', []],
    ['an empty array', 'o.json', '{"events": [ ]}', []],
    ['NUL bytes in a line', 'p.ndjson', '{"a":1}\n\0\0\n{"b":2}', ['{"a":1}', '\0\0', '{"b":2}']],
  ])('%s', async (_name, file, content, expected) => {
    expect(await textsOf(file, content)).toEqual(expected)
  })

  test('lines have the numbers that editors show', async () => {
    const items = await readItems(await folder.write('numbers.ndjson', '1\n\n \n4\r\n5'))
    expect(items.map(item => item.line)).toEqual([1, 4, 5])
  })
})

describe('a JSON document that breaks off, or goes on', () => {
  test.each([
    ['inside an item', '{"events":[{"a":1},{"b":', ['{"a":1}', '{"b":']],
    ['inside a string', '[{"a":1},"x\\"', ['{"a":1}', '"x\\"']],
    ['behind an item', '{"events":[{"a":1}', ['{"a":1}']],
    ['with more behind its end', '[{"a":1}]\n{"b":2}\n', ['{"a":1}', '{"b":2}\n']],
    ['with rubbish between items', '[{"a":1} oops, {"b":2}]', ['{"a":1}', 'oops', '{"b":2}']],
    ['with brackets that do not match', '[{"a":[},{"b":2}]', ['{"a":[},{"b":2}]']],
  ])('%s', async (_name, content, expected) => {
    expect(await textsOf('broken.json', content)).toEqual(expected)
  })
})

describe('what cannot be imported is a Fault that says why and what to do', () => {
  test.each([
    [
      'a.xlsx',
      Buffer.from([0x50, 0x4b, 3, 4, 1]),
      /zip or Excel file; unpack it, or save it as CSV/,
    ],
    ['a.parquet', Buffer.from('PAR1xx'), /a Parquet file; convert it to NDJSON/],
    ['a.csv', Buffer.from('\ufeffa,b\n1,2\n', 'utf16le'), /UTF-16; save it as UTF-8/],
    ['a.bin', Buffer.from([1, 2, 3, 0, 0, 255]), /binary data/],
    ['a.txt', Buffer.from('dear reader\n'), /begins with "dear reader", which is neither JSON nor/],
    [
      'b.csv',
      Buffer.from('when;who;what\n1;2;3\n'),
      /columns "when", "who", "what".*"delimiter":";"/,
    ],
    ['c.csv', Buffer.from('"open,b\n1,2\n'), /no CSV header/],
  ])('%s', async (name, content, message) => {
    const reading = readItems(await folder.write(name, content))
    await expect(reading).rejects.toMatchObject({
      code: 'FORMAT_UNKNOWN',
      message: expect.stringMatching(message) as string,
    })
    await expect(reading).rejects.toMatchObject({
      message: expect.stringContaining('docs/guides/import.md') as string,
    })
  })

  test('a path that is no readable file', async () => {
    const directory = `${folder.path}/directory`
    await mkdir(directory)
    const missing = `${folder.path}/missing.csv`
    for (const [path, why] of [
      [missing, 'there is no such file; check the path'],
      [directory, 'it is a directory; name one of its files'],
      ['/dev/null', 'it is not a regular file'],
    ] as const) {
      await expect(readItems(path)).rejects.toMatchObject({
        code: 'FILE_UNREADABLE',
        message: `cannot import ${path}: ${why}`,
      })
    }
  })

  test('a mapping that does not fit the header', async () => {
    const mapping = {
      format: 'csv',
      event_type: { constant: 'page_view' },
      user_id: { column: 'customer' },
      timestamp: { column: 'at', pattern: 'rfc3339' },
    } as const
    for (const [header, what] of [
      ['user,at', 'does not have'],
      ['customer,customer,at', 'has twice'],
    ] as const) {
      const path = await folder.write('misfit.csv', `${header}\n`)
      await expect(readItems(path, { mapping })).rejects.toMatchObject({
        code: 'FORMAT_UNKNOWN',
        message: expect.stringContaining(
          `names column "customer", which ${path} ${what}`,
        ) as string,
      })
    }
  })
})
