/** What a repair came to, or would come to. */
import type { RepairAnswer } from '../../../../src/api/contract/event-answers.ts'

export function parseRepair(json: unknown): RepairAnswer {
  if (typeof json === 'object' && json !== null && 'chosen' in json) return json as RepairAnswer
  throw new TypeError('the answer is not that of a repair')
}
