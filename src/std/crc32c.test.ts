import { expect, test } from 'vitest'
import { crc32c } from './crc32c.ts'

// RFC 3720, appendix B.4, and the check value of the CRC catalogue.
test.each([
  ['32 zeros', new Uint8Array(32), 0x8a9136aa],
  ['32 ones', new Uint8Array(32).fill(0xff), 0x62a8ab43],
  ['0 to 31', Uint8Array.from({ length: 32 }, (_, index) => index), 0x46dd794e],
  ['31 to 0', Uint8Array.from({ length: 32 }, (_, index) => 31 - index), 0x113fdb5c],
  ['123456789', Buffer.from('123456789'), 0xe3069283],
  ['nothing', new Uint8Array(0), 0],
])('the checksum of %s is that of the RFC', (_, bytes, expected) => {
  expect(crc32c(bytes)).toBe(expected)
})

test('only the range counts', () => {
  expect(crc32c(Buffer.from('..123456789.'), 2, 11)).toBe(0xe3069283)
})
