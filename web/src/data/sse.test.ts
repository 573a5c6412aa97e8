import { expect, test } from 'vitest'
import { createEventReader, createLineReader, EVENT_SIZE_MAX } from './sse.ts'

function readAll(pieces: readonly string[]): readonly string[] {
  const told: string[] = []
  const read = createEventReader((event, data) => told.push(`${event}=${data}`))
  for (const piece of pieces) read(piece)
  return told
}

const TEXT =
  'retry: 2000\n\nid: 1\nevent: ledger\ndata: {"a":1}\n\n: heartbeat\n\n' +
  'event: two\r\ndata: x\r\ndata:y\r\n\r\ndata: plain\r\revent: empty\n\nevent: half\ndata: no end'

test('events come whole, wherever the text is cut', () => {
  const expected = ['ledger={"a":1}', 'two=x\ny', 'message=plain']
  expect(readAll([TEXT])).toEqual(expected)
  expect(readAll(Array.from(TEXT))).toEqual(expected)
  for (let cut = 0; cut < TEXT.length; cut += 1) {
    expect(readAll([TEXT.slice(0, cut), '', TEXT.slice(cut)])).toEqual(expected)
  }
})

test('a line without end does not fill the memory', () => {
  const read = createLineReader(() => {})
  const piece = 'x'.repeat(EVENT_SIZE_MAX / 4)
  expect(() => {
    for (let count = 0; count < 5; count += 1) read(piece)
  }).toThrow('too long')
})
