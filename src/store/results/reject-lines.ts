/**
 * Rejects as lines of JSON, compressed: what is in quarantine, with its bytes in base64.
 *
 * `as` stands where a line is parsed: gzip's checksum says that it is as it was written.
 */
import type { ObjectStore } from '../../model/object-store.ts'
import type { Reject } from '../../model/step.ts'
import type { InvalidCode } from '../../model/verdict.ts'
import { corrupt, missing } from './faults.ts'
import type { RejectsEntry } from './manifest.ts'
import { readLines } from './row-lines.ts'

interface RejectLine {
  readonly topic: string
  readonly partition: number
  readonly offset: number
  readonly arrival_ms: number
  readonly code: InvalidCode
  readonly pointer: string
  readonly key: string | null
  readonly value: string | null
  readonly file: string | null
  readonly line: number | null
}

export function toRejectLine(reject: Reject): string {
  const line: RejectLine = {
    topic: reject.topic,
    partition: reject.partition,
    offset: reject.offset,
    arrival_ms: reject.arrivalMs,
    code: reject.code,
    pointer: reject.pointer,
    key: toBase64(reject.key),
    value: toBase64(reject.value),
    file: reject.file,
    line: reject.line,
  }
  return JSON.stringify(line)
}

/** All rejects of an object. Throws STORE_CORRUPT, and STORE_UNAVAILABLE where it is gone. */
export async function readRejects(
  objects: ObjectStore,
  entry: RejectsEntry,
): Promise<readonly Reject[]> {
  const found = await objects.get(entry.key)
  if (found === null || found === 'unchanged') throw missing(entry.key)
  const rejects: Reject[] = []
  for await (const lines of readLines(entry.key, found.bytes)) {
    for (const line of lines) rejects.push(toReject(JSON.parse(line) as RejectLine))
  }
  if (rejects.length !== entry.rows) throw corrupt(entry.key, 'has lost rows')
  return rejects
}

function toReject(line: RejectLine): Reject {
  return {
    topic: line.topic,
    partition: line.partition,
    offset: line.offset,
    arrivalMs: line.arrival_ms,
    code: line.code,
    pointer: line.pointer,
    key: fromBase64(line.key),
    value: fromBase64(line.value),
    file: line.file,
    line: line.line,
  }
}

function toBase64(bytes: Uint8Array | null): string | null {
  if (bytes === null) return null
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64')
}

function fromBase64(text: string | null): Uint8Array | null {
  return text === null ? null : new Uint8Array(Buffer.from(text, 'base64'))
}
