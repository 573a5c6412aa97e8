import { expect, test } from 'vitest'
import { HEX_BYTES_MAX, toBytes, toHexDump } from './hex.ts'

test('bytes as sixteen a line, with what is plain beside them', () => {
  const bytes = toBytes('{"é\u001b[31m":1, ok}', 'utf8')
  expect(toHexDump(bytes)).toBe(
    '000000  7b 22 c3 a9 1b 5b 33 31 6d 22 3a 31 2c 20 6f 6b  {"...[31m":1, ok\n' +
      '000010  7d                                               }',
  )
})

test('bytes that are no text', () => {
  expect([...toBytes(btoa('\u00ff\u0000'), 'base64')]).toEqual([255, 0])
  expect(toHexDump(new Uint8Array())).toBe('')
  expect(toHexDump(new Uint8Array(2 * HEX_BYTES_MAX)).split('\n')).toHaveLength(HEX_BYTES_MAX / 16)
})
