/**
 * The fast path, a module in WebAssembly: its source is `wasm/assembly`, and `npm run build:wasm`
 * makes `scanner.wasm` of it, which is committed. It works in a memory of its own, one for each
 * scanner; only the code is shared. It knows programs (`program.ts`), the bytes of a fetch, and the
 * columns that they become, and it calls nothing of ours.
 *
 * The memory grows as programs are built and scans laid out, and views of it are void after that:
 * they are made anew.
 */
import { readFileSync } from 'node:fs'
import type { Catalog } from '../../model/catalog.ts'
import { CURRENCY_CODES, CURRENCY_DECIMALS } from '../../model/currency.ts'
import { EVENT_BYTES_MAX, EVENT_DEPTH_MAX, ID_BYTES_MAX } from '../../model/event.ts'
import { TIME_MS_MAX, TIME_MS_MIN } from '../../model/time.ts'
import { toUtf8 } from '../../std/bytes.ts'

/** A place in the module's memory. 0 is none. */
export type Address = number

/** What `wasm/assembly/index.ts` exports, where each is described. Flags are 0 and 1. */
export interface FastPath {
  readonly memory: { readonly buffer: ArrayBuffer }

  allocate(size: number): Address
  keepAllocated(): void
  forgetPrograms(): void
  createSlot(kind: number, isRequired: number, isKept: number, scale: number): Address
  setBounds(slot: Address, min: number, max: number): void
  setNode(slot: Address, node: Address): void
  createNode(depth: number, requiredCount: number, nameCount: number): Address
  setName(node: Address, index: number, slot: Address, text: Address, size: number): void
  createProgram(envelope: Address, data: Address, dataSlot: Address): Address
  setEnvelope(program: Address, eventId: Address, userId: Address, timestamp: Address): void
  setTypeName(program: Address, text: Address, size: number): void
  setMoney(program: Address, slots: Address, count: number): void
  setFieldCount(program: Address, count: number): void
  setField(program: Address, index: number, slot: Address, isText: number): void

  setCurrencies(words: Address, count: number, index: number): void
  setIdBytesMax(size: number): void
  setDepthMax(depth: number): void
  setTimeBounds(min: number, max: number): void
  setEventBounds(bytesMax: number, futureMs: number, ageMs: number): void

  layOut(rowCount: number, fieldCount: number, byteCount: number): Address
  columnAt(index: number): Address
  halfOf(column: Address): Address
  validAt(): Address
  tailOf(): Address
  setTail(position: Address): void

  startWalk(): void
  setBatch(baseOffset: number, baseMs: number, maxMs: number, isCreateTime: number): void
  walkBatch(from: Address, size: number, recordCount: number, offsetFirst: number): number
  rowCountOf(): number
  cutRows(count: number): void
  offsetLastOf(): number
  offsetBeforeOf(): number

  scanRows(program: Address, rowCount: number): number
}

/** The part of the JavaScript API that is used: the types of Node leave it to those of browsers. */
declare const WebAssembly: {
  readonly Module: new (bytes: Uint8Array) => object
  readonly Instance: new (module: object) => { readonly exports: unknown }
}

/** Compiled once for all scanners of a thread. */
const compiled = new WebAssembly.Module(readFileSync(new URL('./scanner.wasm', import.meta.url)))

/** Makes a fast path that has a catalog's bounds, and no program yet. */
export function createFastPath(catalog: Catalog): FastPath {
  const fast = new WebAssembly.Instance(compiled).exports as FastPath
  fast.setIdBytesMax(ID_BYTES_MAX)
  fast.setDepthMax(EVENT_DEPTH_MAX)
  fast.setTimeBounds(TIME_MS_MIN, TIME_MS_MAX)
  const ageMsMax = catalog.eventAgeMsMax ?? Number.POSITIVE_INFINITY
  fast.setEventBounds(EVENT_BYTES_MAX, catalog.futureSkewMs, ageMsMax)
  fast.setCurrencies(
    putBytes(fast, toCurrencyTable()),
    CURRENCY_CODES.length,
    CURRENCY_CODES.indexOf(catalog.currency),
  )
  fast.keepAllocated()
  return fast
}

/** All of the memory as it is now. */
export function bytesOf(fast: FastPath): Uint8Array {
  return new Uint8Array(fast.memory.buffer)
}

/** Puts bytes that belong to a program, or to all of them, into the memory. */
export function putBytes(fast: FastPath, bytes: Uint8Array): Address {
  const at = fast.allocate(bytes.length)
  bytesOf(fast).set(bytes, at)
  return at
}

/** As the module looks them up: a quote and the code of each; then a byte of decimals of each. */
function toCurrencyTable(): Uint8Array {
  const words = CURRENCY_CODES.map(code => `"${code}`).join('')
  const decimals = CURRENCY_CODES.map(code => CURRENCY_DECIMALS.get(code) ?? 0)
  return Uint8Array.of(...toUtf8(words), ...decimals)
}
