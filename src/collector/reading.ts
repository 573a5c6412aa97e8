/** What a body says: items to collect, and how their sender is answered; or why it is refused. */
import type { Problem } from '../model/problem.ts'
import type { Item, ItemAnswer } from './collector.ts'

export type Reading =
  | {
      readonly kind: 'items'
      readonly items: readonly Item[]
      /** The body of the answer, once they are all durable. */
      readonly answer: (answers: readonly ItemAnswer[]) => string
      /** Is called once they are. */
      readonly done?: () => void
    }
  | { readonly kind: 'problem'; readonly problem: Problem }

export function refuseReading(problem: Problem): Reading {
  return { kind: 'problem', problem }
}
