import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import type { Reject } from '../model/step.ts'
import { fromUtf8, toUtf8 } from '../std/bytes.ts'
import { REPAIR_SCHEMA } from './document.ts'
import { parseRepair } from './repair.ts'
import { deriveEventId } from './transform.ts'

const REJECT: Reject = {
  topic: 'purchase',
  partition: 1,
  offset: 7,
  arrivalMs: 1,
  code: 'wrong_type',
  pointer: '',
  key: null,
  value: null,
  file: null,
  line: null,
}

/** Transforms the text of an event that has an id; gives its text, or why it does not fit. */
function repair(event: string, ...transform: readonly string[]): string {
  const text = `{"select":{},"transform":[${transform.join(',')}]}`
  const repaired = parseRepair(text, 'test').apply({ ...REJECT, value: toUtf8(event) })
  if (repaired.kind === 'unfit') return `${repaired.operation} ${repaired.why.replace(/^\S+/, '@')}`
  return fromUtf8(repaired.bytes).replace('"event_id":"e",', '').replace(',"event_id":"e"', '')
}

const E = '{"event_id":"e",'

describe('an operation', () => {
  test.each([
    // What is not touched keeps its digits, its escapes and its blanks.
    [
      `${E}"n":1.50e+3, "s":"\\u00e9" ,"d":{ "x" : 1.0 }}`,
      '{"set":"/a","value":1.20}',
      '{"n":1.50e+3,"s":"\\u00e9","d":{ "x" : 1.0 },"a":1.20}',
    ],
    [`${E}"n":1}`, '{"set":"/n","value":12345678901234567890.10}', '{"n":12345678901234567890.10}'],
    [
      `${E}"n":1}`,
      '{"set":"/d/x/y","value":{"__proto__":{"a":1}}}',
      '{"n":1,"d":{"x":{"y":{"__proto__":{"a":1}}}}}',
    ],
    [`${E}"n":1}`, '{"set":"/n/x","value":1}', '1 @ has another value where an object should be'],
    [`${E}"d":null}`, '{"set":"/d/x","value":1}', '{"d":{"x":1}}'],
    [`${E}"n":1}`, '{"default":"/n","value":2},{"default":"/m","value":3}', '{"n":1,"m":3}'],
    [`${E}"n":null}`, '{"default":"/n","value":2}', '{"n":2}'],
    [`${E}"n":1,"n":2}`, '{"set":"/n","value":3}', '{"n":1,"n":3}'],
    [`${E}"n":1,"a":0,"n":2}`, '{"remove":"/n"}', '{"a":0}'],
    [`${E}"n":1,"n":2}`, '{"move":"/n","to":"/m"}', '{"m":2}'],
    [`${E}"a":{"b":[1,2,3]}}`, '{"remove":"/a/b/1"}', '{"a":{"b":[1,3]}}'],
    [`${E}"a":{"b":[1,2,3]}}`, '{"remove":"/a/b/*"}', '{"a":{"b":[]}}'],
    [`${E}"a":[1]}`, '{"set":"/a/5","value":1}', '1 @ has another value where an object should be'],
    [`${E}"a":[1]}`, '{"remove":"/a/5"},{"remove":"/a/b/c"},{"remove":"/z"}', `{"a":[1]}`],
    [`${E}"a/b":{"~":1}}`, '{"move":"/a~1b/~0","to":"/x"}', '{"a/b":{},"x":1}'],
    [
      `${E}"total":5}`,
      '{"move":"/total","to":"/data/total_amount"}',
      '{"data":{"total_amount":5}}',
    ],
    [`{"payload":${E}"a":1}}`, '{"move":"/payload","to":""}', '{"a":1}'],
    [
      `${E}"__proto__":{"a":1},"constructor":2}`,
      '{"move":"/__proto__","to":"/x"},{"remove":"/constructor"}',
      '{"x":{"a":1}}',
    ],
    [`${E}"a":"1.234,50"}`, '{"number":"/a","decimal":","}', '{"a":1234.50}'],
    [`${E}"a":"-0012,5"}`, '{"number":"/a","decimal":","}', '{"a":-12.5}'],
    [`${E}"a":"1,234,567.089"}`, '{"number":"/a","decimal":"."}', '{"a":1234567.089}'],
    [`${E}"a":"1 234,5"}`, '{"number":"/a","decimal":",","group":" "}', '{"a":1234.5}'],
    [`${E}"a":"1.23,5"}`, '{"number":"/a","decimal":","}', '1 @ is not a number of this form'],
    [`${E}"a":"12.50"}`, '{"number":"/a","decimal":","}', '1 @ is not a number of this form'],
    [
      `${E}"a":"1.234"}`,
      '{"number":"/a","decimal":",","group":"none"}',
      '1 @ is not a number of this form',
    ],
    [
      `${E}"a":12.50,"b":null}`,
      '{"number":"/a","decimal":","},{"number":"/b","decimal":","}',
      '{"a":12.50,"b":null}',
    ],
    [
      `${E}"a":[{"p":"1,5"},{"p":2},{}]}`,
      '{"number":"/a/*/p","decimal":","}',
      '{"a":[{"p":1.5},{"p":2},{}]}',
    ],
    [
      `${E}"a":"99999999999999999999,99"}`,
      '{"number":"/a","decimal":","}',
      '{"a":99999999999999999999.99}',
    ],
    [`${E}"a":12.50,"b":true}`, '{"text":"/a"},{"text":"/b"}', '{"a":"12.50","b":true}'],
    [
      `${E}"t":"03.09.2024 10:25"}`,
      '{"time":"/t","pattern":"dd.MM.yyyy HH:mm","zone":"+02:00"}',
      '{"t":"2024-09-03T10:25:00+02:00"}',
    ],
    [
      `${E}"t":1725359115}`,
      '{"time":"/t","pattern":"epoch_s"}',
      '{"t":"2024-09-03T10:25:15.000Z"}',
    ],
    [
      `${E}"t":"31.02.2024"}`,
      '{"time":"/t","pattern":"dd.MM.yyyy"}',
      '1 @ is not a time of this pattern',
    ],
    [
      `${E}"t":"view","u":"toString"}`,
      '{"map":"/t","values":{"view":"page_view"}},{"map":"/u","values":{"__proto__":1}}',
      '{"t":"page_view","u":"toString"}',
    ],
    [`${E}"t":"__proto__"}`, '{"map":"/t","values":{"__proto__":"x"}}', '{"t":"x"}'],
    [
      `${E}"t":1,"u":true}`,
      '{"map":"/t","values":{"1":"one"}},{"map":"/u","values":{"true":1}}',
      '{"t":"one","u":1}',
    ],
    [`${E}"t":"x"}`, '{"map":"/t","values":{},"other":"refuse"}', '1 @ is not in the table'],
    // Bytes first, then the tree.
    [
      "{'event_id':'e','n':'1,5',}",
      `{"replace":"'","with":"\\""},{"replace":",}","with":"}"},{"number":"/n","decimal":","}`,
      '{"n":1.5}',
    ],
    ['not json', '{"set":"/a","value":1}', 'not json'],
    ['[1,2]', '{"remove":"/0"}', '[2]'],
  ])('%s through %s', (event, operations, expected) => {
    expect(repair(event, operations)).toBe(expected)
  })

  test('what is too deep can be taken out', () => {
    const deep = '['.repeat(20_000) + ']'.repeat(20_000)
    expect(repair(`${E}"x":${deep},"y":1}`, '{"remove":"/x"}')).toBe('{"y":1}')
    expect(repair(`${E}"x":${deep}}`, '{"set":"/y","value":1}')).toBe(`{"x":${deep},"y":1}`)
  })
})

describe('an event id', () => {
  const rejectOf = (text: string): Reject => ({ ...REJECT, value: toUtf8(text) })
  const none = parseRepair('{"select":{},"transform":[]}', 'test')
  const textOf = (text: string): string => {
    const repaired = none.apply(rejectOf(text))
    return repaired.kind === 'event' ? fromUtf8(repaired.bytes) : repaired.why
  }

  test('is derived where there is none, from the place and the bytes', () => {
    for (const text of ['{"a":1}', '{"event_id":null,"a":1}']) {
      expect(JSON.parse(textOf(text))).toEqual({ a: 1, event_id: deriveEventId(rejectOf(text)) })
    }
    const id = deriveEventId(rejectOf('{}'))
    expect(id).toMatch(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/)
    expect(deriveEventId({ ...rejectOf('{}'), offset: 8 })).not.toBe(id)
    expect(deriveEventId(rejectOf('{ }'))).not.toBe(id)
  })

  test('is left alone where it is, whatever it is', () => {
    for (const text of ['{"event_id":"x"}', '{"event_id":""}', '{"event_id":7}', '[]', '7', '{']) {
      expect(textOf(text)).toBe(text)
    }
  })
})

test('a repair that is wrong is told with the place of the fault', () => {
  const faults: readonly (readonly [string, RegExp])[] = [
    ['{', /is not JSON/],
    ['{}', /select/],
    ['{"select":{"code":"nothing"},"transform":[]}', /select\.code/],
    ['{"select":{"from":"soon"},"transform":[]}', /select\.from: write 2024/],
    ['{"select":{"when":1},"transform":[]}', /when/],
    [
      '{"select":{},"transform":[{"set":"a","value":1}]}',
      /transform\[0\]\.set: write a JSON pointer/,
    ],
    ['{"select":{},"transform":[{"set":"/a"}]}', /transform\[0\]\.value/],
    ['{"select":{},"transform":[{"number":"/a","decimal":",","group":","}]}', /one sign/],
    ['{"select":{},"transform":[{"move":"/a","to":"/a/b"}]}', /moves into itself/],
    ['{"select":{},"transform":[{"remove":"/a"},{"replace":"a","with":""}]}', /before all others/],
    ['{"select":{},"transform":[{"replace":"(a","with":""}]}', /the pattern has/],
    ['{"select":{},"transform":[{"time":"/a","pattern":"hh"}]}', /pattern/],
    ['{"select":{},"transform":[{"eval":"1"}]}', /transform\[0\]/],
  ]
  for (const [text, why] of faults) expect(() => parseRepair(text, 'x.json'), text).toThrow(why)
})

describe('the reference', () => {
  const root = (path: string): string => join(import.meta.dirname, '..', '..', path)

  test('has the JSON Schema that the check is made of', async () => {
    const schema = JSON.parse(await readFile(root('docs/reference/repair.schema.json'), 'utf8'))
    const title = 'A repair of weir quarantine'
    expect(schema).toEqual({ title, ...z.toJSONSchema(REPAIR_SCHEMA) })
  })

  test.each(['docs/reference/repair.md', 'docs/guides/repair.md'])(
    'the repairs of %s are right',
    async page => {
      const text = await readFile(root(page), 'utf8')
      const blocks = [...text.matchAll(/```json\n([\s\S]*?)```/g)].map(match => match[1] ?? '')
      expect(blocks.length).toBeGreaterThan(0)
      for (const block of blocks) parseRepair(block, page)
    },
  )

  test('shows every operation', async () => {
    const page = await readFile(root('docs/reference/repair.md'), 'utf8')
    const shown = [...page.matchAll(/^\| `(\{.*\})` /gm)].map(match => match[1] ?? '')
    expect(shown).toHaveLength(9)
    const transform = shown.map(text =>
      text
        .replaceAll('PLACE', '"/a"')
        .replace('"to": "/a"', '"to": "/b"')
        .replaceAll(/PATTERN|TEXT|VALUE/g, '"x"'),
    )
    parseRepair(`{"select":{},"transform":[${transform.join(',')}]}`, 'the table')
  })
})
