/** Files of synthetic events, of any size, fast: items are written into one buffer as they come. */
import type { FileHandle } from 'node:fs/promises'
import { open } from 'node:fs/promises'
import { assert } from '../std/assert.ts'
import { Fault, messageOf, systemCodeOf } from '../std/fault.ts'
import { DAY_MS, MIB, SECOND_MS } from '../std/units.ts'
import type { ItemKind, Sent, VisitorOptions } from './stream.ts'
import { createStream } from './stream.ts'

export interface FileOptions extends Omit<VisitorOptions, 'startMs' | 'eventsPerSecond'> {
  readonly path: string
  /** How many items, duplicates and broken ones included. */
  readonly events: number
  /** 2026-01-01T00:00:00Z unless it is said. */
  readonly startMs?: number
  /** Event time that the items are spread over; a day unless it is said. */
  readonly spanMs?: number
  readonly signal: AbortSignal
}

export interface FileSummary {
  readonly sizeBytes: number
  readonly counts: { readonly [Kind in ItemKind]: number }
}

const START_MS = Date.UTC(2026, 0, 1)
const BUFFER_BYTES = MIB
/** No item is longer; the buffer is written out when less is left. */
const ITEM_BYTES_MAX = 4096
const NEWLINE = 0x0a

/**
 * Writes NDJSON, in place of what the file held. When `signal` aborts, it stops, with the file as
 * far as it is: whole lines. Throws FILE_UNREADABLE where the file cannot be written.
 */
export async function generateFile(options: FileOptions): Promise<FileSummary> {
  const { path, events, startMs = START_MS, spanMs = DAY_MS, signal } = options
  assert(events >= 1 && spanMs >= 1, 'a file has events, spread over a time')
  const send = createStream({ ...options, startMs, eventsPerSecond: (events / spanMs) * SECOND_MS })
  try {
    await using handle = await open(path, 'w')
    return await writeItems(handle, { send, events, signal })
  } catch (cause) {
    if (systemCodeOf(cause) === null) throw cause
    const why = messageOf(cause)
    throw new Fault('FILE_UNREADABLE', `cannot write ${path}: ${why}; choose another place`, {
      cause,
    })
  }
}

async function writeItems(
  handle: FileHandle,
  { send, events, signal }: { send: () => Sent; events: number; signal: AbortSignal },
): Promise<FileSummary> {
  const buffer = Buffer.allocUnsafeSlow(BUFFER_BYTES)
  const counts = { good: 0, duplicate: 0, late: 0, broken: 0 }
  let sizeBytes = 0
  let filled = 0
  const flush = async (): Promise<void> => {
    for (let done = 0; done < filled; ) {
      done += (await handle.write(buffer, done, filled - done)).bytesWritten
    }
    sizeBytes += filled
    filled = 0
  }
  for (let index = 0; index < events && !signal.aborted; index += 1) {
    const { kind, value } = send()
    counts[kind] += 1
    filled += writeValue(buffer, value, filled)
    buffer[filled] = NEWLINE
    filled += 1
    if (BUFFER_BYTES - filled < ITEM_BYTES_MAX) await flush()
  }
  await flush()
  return { sizeBytes, counts }
}

function writeValue(buffer: Buffer, value: string | Uint8Array, offset: number): number {
  if (typeof value === 'string') return buffer.write(value, offset)
  buffer.set(value, offset)
  return value.length
}
