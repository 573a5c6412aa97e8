/**
 * Ids as 128 bits. A text becomes the tag that Chaskey-12 gives it under a secret key (Mouha et
 * al., "Chaskey: An Efficient MAC Algorithm for 32-bit Microcontrollers", SAC 2014; 12 rounds as in
 * ISO/IEC 29192-6), which needs only 32-bit additions, rotations and exclusive ors, so JavaScript
 * does it fast. Nobody without the key can find two texts of one tag; by chance, 2^30 ids collide
 * with probability 2^-69.
 *
 * Independent tags may be joined by exclusive or: without the key nobody can aim at a collision of
 * the joined values either.
 */

/** Four 32-bit words. Functions write into one that the caller owns. */
export type Words = Int32Array

export const KEY_BYTES = 16

export interface IdHash {
  /** The keyed tag of bytes[start..end); of a canonical lower-case UUID, of its 16 bytes. */
  keyed(bytes: Uint8Array, start: number, end: number, out: Words): void
  /** As `keyed`, but a canonical lower-case UUID stands for itself: only for joining to a tag. */
  plain(bytes: Uint8Array, start: number, end: number, out: Words): void
}

const ROUNDS = 12
const BLOCK_BYTES = 16
const UUID_LENGTH = 36
const DASH = 0x2d

/** Value of a lower-case hex digit; -1 of any other byte. */
const HEX: Int8Array = createHexTable()

function createHexTable(): Int8Array {
  const table = new Int8Array(256).fill(-1)
  for (let digit = 0; digit < 16; digit += 1) table[digit.toString(16).charCodeAt(0)] = digit
  return table
}

/** `key`: 16 secret bytes. */
export function createIdHash(key: Uint8Array): IdHash {
  const view = new DataView(key.buffer, key.byteOffset, KEY_BYTES)
  const key0 = Int32Array.from({ length: 4 }, (_, word) => view.getInt32(word * 4, true))
  const key1 = timesTwo(key0)
  const key2 = timesTwo(key1)
  const key3 = timesTwo(key2)
  const uuid = new Int32Array(4)
  const state = new Int32Array(4)
  const block = new Int32Array(4)
  const tag = (bytes: Uint8Array, start: number, end: number, out: Words): void => {
    let at = start
    copy(key0, state)
    for (; end - at > BLOCK_BYTES; at += BLOCK_BYTES) {
      readBlock(bytes, at, at + BLOCK_BYTES, block)
      mix(state, block)
      permute(state, state)
    }
    readBlock(bytes, at, end, block)
    finish(state, block, end - at === BLOCK_BYTES ? key1 : key2, out)
  }
  return {
    keyed: (bytes, start, end, out) => {
      // The words of a UUID are one block under a key of their own.
      if (readUuid(bytes, start, end, uuid)) finish(key3, uuid, key3, out)
      else tag(bytes, start, end, out)
    },
    plain: (bytes, start, end, out) => {
      if (!readUuid(bytes, start, end, out)) tag(bytes, start, end, out)
    },
  }
}

/** out = permutation(from ^ message ^ last) ^ last. `message` is of no use afterwards. */
function finish(from: Words, message: Words, last: Words, out: Words): void {
  mix(message, from)
  mix(message, last)
  permute(message, out)
  mix(out, last)
}

// Written out word by word: loops over four words cost more than the words.
function mix(words: Words, other: Words): void {
  words[0] = (words[0] as number) ^ (other[0] as number)
  words[1] = (words[1] as number) ^ (other[1] as number)
  words[2] = (words[2] as number) ^ (other[2] as number)
  words[3] = (words[3] as number) ^ (other[3] as number)
}

function copy(words: Words, out: Words): void {
  out[0] = words[0] as number
  out[1] = words[1] as number
  out[2] = words[2] as number
  out[3] = words[3] as number
}

function permute(words: Words, out: Words): void {
  let v0 = words[0] as number
  let v1 = words[1] as number
  let v2 = words[2] as number
  let v3 = words[3] as number
  for (let round = 0; round < ROUNDS; round += 1) {
    v0 = (v0 + v1) | 0
    v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0
    v0 = (v0 << 16) | (v0 >>> 16)
    v2 = (v2 + v3) | 0
    v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2
    v0 = (v0 + v3) | 0
    v3 = ((v3 << 13) | (v3 >>> 19)) ^ v0
    v2 = (v2 + v1) | 0
    v1 = ((v1 << 7) | (v1 >>> 25)) ^ v2
    v2 = (v2 << 16) | (v2 >>> 16)
  }
  out[0] = v0
  out[1] = v1
  out[2] = v2
  out[3] = v3
}

/** The block at `at`, of 16 bytes at most; a shorter one is padded with a byte of 1, then zeros. */
function readBlock(bytes: Uint8Array, at: number, end: number, out: Words): void {
  out[0] = readPadded(bytes, at, end)
  out[1] = readPadded(bytes, at + 4, end)
  out[2] = readPadded(bytes, at + 8, end)
  out[3] = readPadded(bytes, at + 12, end)
}

function readPadded(bytes: Uint8Array, at: number, end: number): number {
  const size = end - at
  if (size >= 4) return readWord(bytes, at)
  if (size < 0) return 0
  let word = 1
  for (let index = end - 1; index >= at; index -= 1) word = (word << 8) | (bytes[index] as number)
  return word
}

/** Doubling in GF(2^128), little endian, as Chaskey derives its subkeys. */
function timesTwo(words: Int32Array): Int32Array {
  const carry = (words[3] as number) >>> 31 === 1 ? 0x87 : 0
  return Int32Array.from(words, (word, index) => {
    const below = index === 0 ? carry : (words[index - 1] as number) >>> 31
    return (word << 1) ^ below
  })
}

function readWord(bytes: Uint8Array, at: number): number {
  return (
    (bytes[at] as number) |
    ((bytes[at + 1] as number) << 8) |
    ((bytes[at + 2] as number) << 16) |
    ((bytes[at + 3] as number) << 24)
  )
}

/** Reads 8-4-4-4-12 lower-case hex digits into four words; false where the text is another. */
function readUuid(bytes: Uint8Array, start: number, end: number, out: Words): boolean {
  if (end - start !== UUID_LENGTH) return false
  if (
    bytes[start + 8] !== DASH ||
    bytes[start + 13] !== DASH ||
    bytes[start + 18] !== DASH ||
    bytes[start + 23] !== DASH
  ) {
    return false
  }
  const a = readHex4(bytes, start)
  const b = readHex4(bytes, start + 4)
  const c = readHex4(bytes, start + 9)
  const d = readHex4(bytes, start + 14)
  const e = readHex4(bytes, start + 19)
  const f = readHex4(bytes, start + 24)
  const g = readHex4(bytes, start + 28)
  const h = readHex4(bytes, start + 32)
  if ((a | b | c | d | e | f | g | h) < 0) return false
  out[0] = (a << 16) | b
  out[1] = (c << 16) | d
  out[2] = (e << 16) | f
  out[3] = (g << 16) | h
  return true
}

/** Four hex digits as a number; negative where one is none. */
function readHex4(bytes: Uint8Array, at: number): number {
  return (
    ((HEX[bytes[at] as number] as number) << 12) |
    ((HEX[bytes[at + 1] as number] as number) << 8) |
    ((HEX[bytes[at + 2] as number] as number) << 4) |
    (HEX[bytes[at + 3] as number] as number)
  )
}
