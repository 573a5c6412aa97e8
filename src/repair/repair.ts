/**
 * Repair: what lies in quarantine is mended and sent again. A repair is a declared list of small
 * operations, the same for every reject that it chooses; it is tried in a dry run before anything
 * is sent. The reject itself stays in quarantine, as it came: the book tells that it was repaired.
 *
 * Transforming is pure (`transform.ts`), the book is the memory of what was sent (`book.ts`); that
 * both together send each event once is `flow/repair.ts`.
 */
import type { RejectFilter } from '../model/result.ts'
import type { Reject } from '../model/step.ts'
import { parseBound } from '../model/time.ts'
import { present } from '../std/assert.ts'
import { toUtf8 } from '../std/bytes.ts'
import { Fault, messageOf } from '../std/fault.ts'
import { readJson } from '../std/json.ts'
import type { RepairDocument } from './document.ts'
import { checkDocument } from './document.ts'
import { toOperations } from './operations.ts'
import type { Repaired } from './transform.ts'
import { repairReject } from './transform.ts'

export type { RepairBook, RepairEntry, RepairView } from './book.ts'
export { eventOf, openRepairBook, openRepairView } from './book.ts'
export type { Repaired } from './transform.ts'

export interface Repair {
  readonly filter: RejectFilter
  /** Whether a reject of the filter is meant. */
  isMeant(reject: Reject): boolean
  /** Pure: equal rejects give equal events. Never throws for what a reject holds. */
  apply(reject: Reject): Repaired
}

/** Nesting of a repair document at most. */
const DEPTH_MAX = 64

/** Reads a repair from its JSON. `where` names the file in messages. Throws CONFIG_INVALID. */
export function parseRepair(text: string, where: string): Repair {
  const bytes = toUtf8(text.replace(/^\ufeff/, ''))
  const { root, kind } = readJson(bytes, DEPTH_MAX)
  if (root === null || kind === 'fault') {
    throw new Fault('CONFIG_INVALID', `the repair ${where} is not JSON: ${whyNotJson(text)}`)
  }
  const document = checkDocument(JSON.parse(text.replace(/^\ufeff/, '')), where)
  const operations = toOperations(document, bytes, root)
  const { pointer } = document.select
  return {
    filter: toFilter(document),
    isMeant: reject => pointer === undefined || reject.pointer === pointer,
    apply: reject => repairReject(operations, reject),
  }
}

function toFilter({ select }: RepairDocument): RejectFilter {
  const toMs = (text: string | undefined): number | null =>
    text === undefined ? null : present(parseBound(text), 'a checked time')
  return {
    code: select.code ?? null,
    topic: select.topic ?? null,
    fromMs: toMs(select.from),
    toMs: toMs(select.to),
  }
}

function whyNotJson(text: string): string {
  try {
    JSON.parse(text)
    return `objects and arrays deeper than ${DEPTH_MAX}, or half a surrogate pair`
  } catch (error) {
    return messageOf(error)
  }
}
