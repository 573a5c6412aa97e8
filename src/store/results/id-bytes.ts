/**
 * Ids as objects: a head (magic, version, number of blocks), then blocks: bucket, number of ids,
 * CRC-32 of the ids, a zero, then the ids. All numbers have 32 bits, in the machine's order.
 */
import { crc32 } from 'node:zlib'
import type { IdBlock, IdBucket } from '../../model/ids.ts'
import { ID_BYTES } from '../../model/ids.ts'
import { concatBytes } from '../../std/bytes.ts'
import { toBytes } from '../ids/words.ts'
import { corrupt } from './faults.ts'

const MAGIC = 0x49524557 // 'WERI'
const VERSION = 1
const HEAD_BYTES = 16

export function toIdBytes(blocks: readonly IdBlock[]): Uint8Array {
  const filled = blocks.filter(block => block.ids.length > 0)
  const head = toBytes(Uint32Array.of(MAGIC, VERSION, filled.length, 0))
  const parts = filled.flatMap(({ bucket, ids }) => [
    toBytes(Uint32Array.of(bucket >>> 0, ids.length / ID_BYTES, crc32(ids), 0)),
    ids,
  ])
  return concatBytes([head, ...parts])
}

/** Throws STORE_CORRUPT. */
export function parseIdBytes(key: string, bytes: Uint8Array): readonly IdBlock[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const isLittle = new Uint8Array(Uint32Array.of(1).buffer)[0] === 1
  const wordsAt = (position: number): readonly number[] => {
    if (position + HEAD_BYTES > bytes.length) throw corrupt(key, 'is too short')
    return [0, 4, 8].map(at => view.getUint32(position + at, isLittle))
  }
  const [magic, version, blockCount = 0] = wordsAt(0)
  if (magic !== MAGIC || version !== VERSION) throw corrupt(key, 'has a broken head')
  const blocks: IdBlock[] = []
  let position = HEAD_BYTES
  for (let number = 0; number < blockCount; number += 1) {
    const [bucket = 0, idCount = 0, checksum = 0] = wordsAt(position)
    const start = position + HEAD_BYTES
    position = start + idCount * ID_BYTES
    const ids = bytes.subarray(start, position)
    if (position > bytes.length || crc32(ids) !== checksum) throw corrupt(key, 'is damaged')
    blocks.push({ bucket: bucket | 0, ids })
  }
  return blocks
}

/** Blocks of several objects as one block a bucket, in their order. */
export function joinBlocks(blocks: readonly IdBlock[]): readonly IdBlock[] {
  const buckets: Map<IdBucket, IdBlock[]> = Map.groupBy(blocks, block => block.bucket)
  return [...buckets].map(([bucket, parts]) => ({
    bucket,
    ids: concatBytes(parts.map(part => part.ids)),
  }))
}

export function countIds(blocks: readonly IdBlock[]): number {
  return blocks.reduce((count, block) => count + block.ids.length / ID_BYTES, 0)
}
