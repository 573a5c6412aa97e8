/**
 * Replacing what a pattern finds in bytes, in one pass and within a bound of work: all ways of the
 * pattern are followed at once, byte by byte, and a way that comes second at a step is dropped.
 *
 * Hot loops over typed arrays: `as number` within bounds that the loops keep.
 */
import { concatBytes, toUtf8 } from '../std/bytes.ts'
import type { Pattern, Step } from './pattern.ts'

/** Bytes to put in, or the number of a group. */
export type Part = Uint8Array | number

/** Steps of the machine for one event: a pattern of ten steps may see 64 KiB 30 times. */
const WORK_MAX = 20_000_000

/** `$1` to `$9` are groups, `$0` all that was found, `$$` is a dollar sign. */
export function parseReplacement(text: string): readonly Part[] {
  return text
    .split(/(\$[0-9$])/)
    .filter(part => part !== '')
    .map(part => {
      if (!/^\$[0-9$]$/.test(part)) return toUtf8(part)
      return part === '$$' ? toUtf8('$') : Number(part[1])
    })
}

/** All that is found is replaced, from left to right; null: too much work, or too large. */
export function replaceAll(
  bytes: Uint8Array,
  { pattern, parts }: { readonly pattern: Pattern; readonly parts: readonly Part[] },
  bytesMax: number,
): Uint8Array | null {
  const machine = createMachine(pattern)
  const out: Uint8Array[] = []
  let size = 0
  const put = (piece: Uint8Array): void => {
    out.push(piece)
    size += piece.length
  }
  let from = 0
  let at = 0
  while (at <= bytes.length) {
    const found = machine(bytes, at)
    if (found === 'too much') return null
    if (found === null) break
    const [start = 0, end = 0] = found
    put(bytes.subarray(from, start))
    for (const part of parts) put(typeof part === 'number' ? groupOf(bytes, found, part) : part)
    if (size > bytesMax) return null
    from = end
    // Nothing was found there: the byte behind it stays, so that the search comes to an end.
    at = end === start ? end + 1 : end
  }
  put(bytes.subarray(from))
  return size > bytesMax ? null : concatBytes(out)
}

function groupOf(bytes: Uint8Array, slots: Int32Array, index: number): Uint8Array {
  const start = slots[2 * index] ?? -1
  const end = slots[2 * index + 1] ?? -1
  return start < 0 || end < 0 ? new Uint8Array(0) : bytes.subarray(start, end)
}

/** Slots of the first match that begins at `from` or later; null: there is none. */
type Machine = (bytes: Uint8Array, from: number) => Int32Array | null | 'too much'

/** The ways that are open, the preferred first. */
interface Ways {
  readonly steps: number[]
  readonly slots: Int32Array[]
}

/** The work of all its calls together is bounded. */
function createMachine({ steps, groupCount }: Pattern): Machine {
  const slotCount = 2 * (groupCount + 1)
  /** At which turn a step was come to last. */
  const seen = new Float64Array(steps.length).fill(-1)
  let turn = 0
  let work = 0

  const follow = (ways: Ways, index: number, slots: Int32Array, place: Place): void => {
    work += 1
    if (seen[index] === turn) return
    seen[index] = turn
    const step = steps[index] as Step
    if (step.kind === 'byte' || step.kind === 'match') {
      ways.steps.push(index)
      ways.slots.push(slots)
    } else if (step.kind === 'jump') follow(ways, step.to, slots, place)
    else if (step.kind === 'split') {
      follow(ways, step.first, slots, place)
      follow(ways, step.second, slots, place)
    } else if (step.kind === 'save') {
      const saved = slots.slice()
      saved[step.slot] = place.at
      follow(ways, index + 1, saved, place)
    } else if (place.at === (step.kind === 'start' ? 0 : place.size)) {
      follow(ways, index + 1, slots, place)
    }
  }

  return (bytes, from) => {
    let ways: Ways = { steps: [], slots: [] }
    let found: Int32Array | null = null
    for (let at = from; ; at += 1) {
      turn += 1
      const open: Ways = { steps: [], slots: [] }
      const place = { at, size: bytes.length }
      // The ways of before, each one byte on; then one that begins here, unless a match is known.
      const byte = at === from ? -1 : (bytes[at - 1] as number)
      for (let way = 0; way < ways.steps.length; way += 1) {
        const index = ways.steps[way] as number
        const step = steps[index] as Step
        if (step.kind === 'byte' && byte >= 0 && step.has[byte] === 1) {
          follow(open, index + 1, ways.slots[way] as Int32Array, place)
        }
      }
      if (found === null) follow(open, 0, new Int32Array(slotCount).fill(-1), place)
      const isMatch = (index: number): boolean => steps[index]?.kind === 'match'
      const match = open.steps.findIndex(isMatch)
      if (match !== -1) {
        found = open.slots[match] as Int32Array
        // Ways that come after a match are not preferred to it.
        open.steps.length = match
        open.slots.length = match
      }
      if (work > WORK_MAX) return 'too much'
      if (at >= bytes.length || (found !== null && open.steps.length === 0)) return found
      ways = open
    }
  }
}

interface Place {
  readonly at: number
  readonly size: number
}
