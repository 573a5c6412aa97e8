/**
 * Hostile inputs, as data: what a broken or malicious client may send as one event. Each has one
 * verdict under the built-in events in USD, without an age limit, whenever it arrives after 2024.
 * Those without a line feed (`isOneLine`) can stand in an NDJSON file.
 */
import type { InvalidCode } from '../../src/model/verdict.ts'
import type { Case, Outcome } from './builders.ts'
import { ID_CASES, MONEY_CASES, PROTOTYPE_CASES, TIME_CASES, TYPE_CASES } from './field-cases.ts'
import { DEPTH_CASES, JSON_CASES, NUMBER_CASES, SIZE_CASES, UNICODE_CASES } from './text-cases.ts'

export type PoisonCategory =
  | 'json'
  | 'number'
  | 'unicode'
  | 'depth'
  | 'size'
  | 'type'
  | 'id'
  | 'time'
  | 'prototype'
  | 'money'

export interface Poison {
  readonly name: string
  readonly category: PoisonCategory
  readonly bytes: Uint8Array
  readonly expect: 'accepted' | { readonly code: InvalidCode; readonly pointer: string }
}

/** Every case, of names that differ within a category. */
export const POISON: readonly Poison[] = [
  ...toPoison('json', JSON_CASES),
  ...toPoison('number', NUMBER_CASES),
  ...toPoison('unicode', UNICODE_CASES),
  ...toPoison('depth', DEPTH_CASES),
  ...toPoison('size', SIZE_CASES),
  ...toPoison('type', TYPE_CASES),
  ...toPoison('id', ID_CASES),
  ...toPoison('time', TIME_CASES),
  ...toPoison('prototype', PROTOTYPE_CASES),
  ...toPoison('money', MONEY_CASES),
]

/** Whether a line of a file can hold it. An empty line is none. */
export function isOneLine({ bytes }: Poison): boolean {
  return bytes.length > 0 && !bytes.includes(0x0a)
}

function toPoison(category: PoisonCategory, cases: readonly Case[]): readonly Poison[] {
  return cases.map(([name, input, outcome]) => {
    const bytes = typeof input === 'string' ? new TextEncoder().encode(input) : input
    return { name, category, bytes, expect: toExpectation(outcome) }
  })
}

function toExpectation(outcome: Outcome): Poison['expect'] {
  if (outcome === 'accepted') return outcome
  const [code = '', pointer = ''] = outcome.split(' ')
  return { code: code as InvalidCode, pointer }
}
