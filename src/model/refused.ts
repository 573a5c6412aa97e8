/**
 * Refused: which offsets of a partition were not accepted, and which of those rest in quarantine
 * and why. It is what the archive needs besides the log to know every record's verdict. Offsets
 * without a record, of control records and compaction, count as refused too, so that
 * accepted = offsets passed - refused.
 *
 * Runs are kept as bytes: unsigned LEB128 integers, for each run of equal kind the accepted offsets
 * since the run before, its length, and its kind: 0 for what leaves nothing behind (duplicates, no
 * record), else the number of a reason, from 1. A reason that is new stands behind its first
 * number: a length and the UTF-8 of `code pointer`.
 */
import { assert, present } from '../std/assert.ts'
import { fromUtf8, toUtf8 } from '../std/bytes.ts'
import type { InvalidCode } from './verdict.ts'

/** Why a record is a reject. */
export interface Reason {
  readonly code: InvalidCode
  readonly pointer: string
}

/** What became of the offsets first..next-1 of a partition. */
export interface RefusedRange {
  readonly first: number
  readonly next: number
  readonly runs: Uint8Array
}

export interface RefusedRun {
  readonly offset: number
  readonly count: number
  /** null: nothing of them is kept. */
  readonly reason: Reason | null
}

export interface RefusedWriter {
  /** Refuses `count` offsets from `offset` on; calls go upwards. */
  refuse(offset: number, count: number, reason: Reason | null): void
  /** The range up to `next`; the writer goes on from there. */
  take(next: number): RefusedRange
}

const NO_RUNS: Uint8Array = new Uint8Array(0)

/** Collects refusals from the offset `start` on. */
export function createRefusedWriter(start: number): RefusedWriter {
  let first = start
  let bytes: number[] = []
  let reasons = new Map<string, number>()
  /** One past the last run that is written. */
  let writtenTo = start
  let open: { offset: number; count: number; name: string } | null = null

  const close = (): void => {
    if (open === null) return
    pushUint(bytes, open.offset - writtenTo)
    pushUint(bytes, open.count)
    writtenTo = open.offset + open.count
    pushKind(bytes, reasons, open.name)
    open = null
  }
  return {
    refuse: (offset, count, reason) => {
      const name = reason === null ? '' : `${reason.code} ${reason.pointer}`
      if (open !== null && open.name === name && open.offset + open.count === offset) {
        open.count += count
        return
      }
      close()
      assert(offset >= writtenTo, 'refusals go upwards')
      open = { offset, count, name }
    },
    take: next => {
      close()
      const range = { first, next, runs: bytes.length === 0 ? NO_RUNS : Uint8Array.from(bytes) }
      first = next
      writtenTo = next
      bytes = []
      reasons = new Map()
      return range
    },
  }
}

function pushKind(bytes: number[], reasons: Map<string, number>, name: string): void {
  const known = name === '' ? 0 : reasons.get(name)
  pushUint(bytes, known ?? reasons.size + 1)
  if (known !== undefined) return
  reasons.set(name, reasons.size + 1)
  const text = toUtf8(name)
  pushUint(bytes, text.length)
  for (const byte of text) bytes.push(byte)
}

/** The runs of a range, upwards. */
export function* readRefused({ first, next, runs }: RefusedRange): Generator<RefusedRun, void> {
  const reader = createReader(runs)
  const reasons: Reason[] = []
  let offset = first
  while (!reader.isAtEnd()) {
    offset += reader.uint()
    const count = reader.uint()
    const kind = reader.uint()
    if (kind === reasons.length + 1) reasons.push(toReason(reader.text(reader.uint())))
    const reason = kind === 0 ? null : present(reasons[kind - 1], 'a reason of the runs')
    yield { offset, count, reason }
    offset += count
  }
  assert(offset <= next, 'runs end within their range')
}

/** The same from `from` on, which lies within the range or at its ends. */
export function cutRefused(range: RefusedRange, from: number): RefusedRange {
  if (from <= range.first) return range
  return joinRefused([range], from)
}

/** Ranges, each beginning where the one before ended, as one; without what is below `from`. */
export function joinRefused(ranges: readonly RefusedRange[], from: number): RefusedRange {
  const last = present(ranges.at(-1), 'a range to join')
  const writer = createRefusedWriter(Math.max(from, ranges[0]?.first ?? from))
  for (const range of ranges) {
    for (const { offset, count, reason } of readRefused(range)) {
      const start = Math.max(offset, from)
      if (start < offset + count) writer.refuse(start, offset + count - start, reason)
    }
  }
  return writer.take(last.next)
}

export interface RefusedCount {
  readonly refused: number
  readonly invalid: number
}

/** How many offsets of the range below `to` are refused, and how many of these are rejects. */
export function countRefused(range: RefusedRange, to: number): RefusedCount {
  let refused = 0
  let invalid = 0
  for (const { offset, count, reason } of readRefused(range)) {
    const size = Math.max(0, Math.min(offset + count, to) - offset)
    refused += size
    if (reason !== null) invalid += size
  }
  return { refused, invalid }
}

function toReason(name: string): Reason {
  const blank = name.indexOf(' ')
  return { code: name.slice(0, blank) as InvalidCode, pointer: name.slice(blank + 1) }
}

function pushUint(bytes: number[], value: number): void {
  let left = value
  while (left >= 0x80) {
    bytes.push((left % 0x80) | 0x80)
    left = Math.floor(left / 0x80)
  }
  bytes.push(left)
}

interface Reader {
  isAtEnd(): boolean
  uint(): number
  text(size: number): string
}

function createReader(bytes: Uint8Array): Reader {
  let at = 0
  return {
    isAtEnd: () => at >= bytes.length,
    uint: () => {
      let value = 0
      let weight = 1
      for (;;) {
        const byte = present(bytes[at], 'a byte of the runs')
        at += 1
        value += (byte & 0x7f) * weight
        if (byte < 0x80) return value
        weight *= 0x80
      }
    },
    text: size => {
      at += size
      return fromUtf8(bytes.subarray(at - size, at))
    },
  }
}
