/**
 * Delta files: the ids that are warm, appended step by step. One file per shard and generation; a
 * transaction of the database records how many of its bytes count, so bytes past that are what a
 * step left that never committed, and are written over.
 *
 * A file is a sequence of blocks: magic, bucket, number of ids, CRC-32 of the ids (32 bits each, in
 * the machine's order), then the ids.
 */
import type { FileHandle } from 'node:fs/promises'
import { open } from 'node:fs/promises'
import { crc32 } from 'node:zlib'
import type { IdBlock, IdBucket } from '../../../model/ids.ts'
import { ID_BYTES } from '../../../model/ids.ts'
import { present } from '../../../std/assert.ts'
import { damaged, readWhole, writeWhole } from '../../ids/files.ts'
import { toBytes } from '../../ids/words.ts'

const MAGIC = 0x44494557 // 'WEID'
const HEAD_BYTES = 16

/** Writes blocks from `position` on and makes them durable. Returns where the file then ends. */
export async function appendDelta(
  file: FileHandle,
  position: number,
  blocks: readonly IdBlock[],
): Promise<number> {
  let end = position
  for (const block of blocks) {
    if (block.ids.length === 0) continue
    const head = Uint32Array.of(
      MAGIC,
      block.bucket >>> 0,
      block.ids.length / ID_BYTES,
      crc32(block.ids),
    )
    await writeWhole(file, toBytes(head), end)
    await writeWhole(file, block.ids, end + HEAD_BYTES)
    end += HEAD_BYTES + block.ids.length
  }
  if (end > position) await file.datasync()
  return end
}

/** Reads the first `length` bytes back, one block per bucket. Throws STORE_UNAVAILABLE. */
export async function readDelta(path: string, length: number): Promise<readonly IdBlock[]> {
  await using file = await open(path, 'r')
  const heads = await readHeads(file, path, length)
  const sizes = new Map<IdBucket, number>()
  for (const { bucket, size } of heads) sizes.set(bucket, (sizes.get(bucket) ?? 0) + size)
  const blocks = new Map<IdBucket, { readonly ids: Uint8Array; end: number }>()
  for (const [bucket, size] of sizes) blocks.set(bucket, { ids: new Uint8Array(size), end: 0 })
  for (const head of heads) {
    const block = present(blocks.get(head.bucket), 'the block of a bucket')
    const ids = block.ids.subarray(block.end, block.end + head.size)
    await readWhole(file, ids, head.position)
    if (crc32(ids) !== head.checksum) throw damaged('fails its checksum', path)
    block.end += head.size
  }
  return [...blocks].map(([bucket, { ids }]) => ({ bucket, ids }))
}

interface Head {
  readonly bucket: IdBucket
  /** Of its ids, in bytes. */
  readonly size: number
  readonly checksum: number
  readonly position: number
}

async function readHeads(file: FileHandle, path: string, length: number): Promise<readonly Head[]> {
  const heads: Head[] = []
  const words = new Uint32Array(HEAD_BYTES / 4)
  let position = 0
  while (position < length) {
    await readWhole(file, toBytes(words), position)
    const [magic = 0, bucket = 0, idCount = 0, checksum = 0] = words
    position += HEAD_BYTES
    const size = idCount * ID_BYTES
    if (magic !== MAGIC || position + size > length) throw damaged('has a broken block', path)
    heads.push({ bucket: bucket | 0, size, checksum, position })
    position += size
  }
  return heads
}
