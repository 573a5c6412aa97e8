/** What the functions of the fast path share: the memory, the program, and what they remember. */
import type { Catalog } from '../../model/catalog.ts'
import { CURRENCY_CODES } from '../../model/currency.ts'
import type { TimeReader } from './fast-time.ts'
import { createTimeReader } from './fast-time.ts'
import type { Program } from './program.ts'
import type { Memory } from './walk.ts'

export interface EventScan {
  readonly memory: Memory
  /** Of the one event type that is scanned. */
  readonly program: Program
  readonly time: TimeReader
  /** Serial number of the object opened last: keys seen in it carry the number in `seenAt`. */
  serial: number
  /** Keys of the event being read that were not predicted. */
  missCount: number
  /** Index into CURRENCY_CODES: of the event being read, and where it names none. */
  currency: number
  readonly currencyDefault: number
  /** Of the money in lists: the most decimals, and [0] the largest number that its digits make. */
  itemDecimalsMost: number
  readonly itemDigitsMost: Float64Array
}

/** Serial numbers stay 32-bit integers: no fetch holds 2^30 objects. */
export const SERIAL_MAX: number = 2 ** 30

export function createEventScan(catalog: Catalog, memory: Memory, program: Program): EventScan {
  return {
    memory,
    program,
    time: createTimeReader(),
    serial: 0,
    missCount: 0,
    currency: 0,
    currencyDefault: CURRENCY_CODES.indexOf(catalog.currency),
    itemDecimalsMost: 0,
    itemDigitsMost: new Float64Array(1),
  }
}

/** Starts counting objects anew, before their count outgrows 32 bits. */
export function restartSerial(scan: EventScan): void {
  scan.program.values.seenAt.fill(0)
  scan.serial = 0
}

/** Whether an event is neither `future` nor `too_old`; -1 is an arrival that is not known. */
export function isInTime(
  timeMs: number,
  { catalog, arrivalMs }: { readonly catalog: Catalog; readonly arrivalMs: number },
): boolean {
  if (arrivalMs < 0) return true
  const { futureSkewMs, eventAgeMsMax } = catalog
  if (timeMs > arrivalMs + futureSkewMs) return false
  return eventAgeMsMax === null || timeMs >= arrivalMs - eventAgeMsMax
}
