/**
 * Answers that are known already: as long as nothing is committed, a question has the answer that
 * it had, and those who ask the same at the same time wait for one answer. Many people look at the
 * same page. What was asked only once is not kept: answers that live a second for nobody make V8
 * collect its old heap twice a second, for 30 ms each.
 */
import type { Question, Result } from '../../model/result.ts'
import { LIMIT_DEFAULT, STREAM } from '../../model/result.ts'

export interface KnownAnswers {
  query(question: Question): Promise<Result>
  /** Something was committed, or the store is another: what was known is so no more. */
  forget(): void
}

/** Questions that are kept: together some twenty MiB at most. */
const QUESTIONS_MAX = 50
/** Rows of an answer that is kept: those that a reader gets who names no limit. */
const ROWS_MAX: number = LIMIT_DEFAULT

/** Questions about batch runs are always asked: those come without a commit. */
export function createKnownAnswers(query: (question: Question) => Promise<Result>): KnownAnswers {
  // The one asked first is the first; null: it was answered, and that was not kept.
  let known = new Map<string, Promise<Result> | null>()
  return {
    query: question => {
      if ((question.source ?? STREAM) !== STREAM) return query(question)
      const name = JSON.stringify(question)
      const before = known.get(name)
      if (before !== undefined && before !== null) return before
      const answer = query(question)
      const answers = known
      answers.set(name, answer)
      const dropUnlessKept = ({ rows }: Result): void => {
        const isKept = before === null && rows.length <= ROWS_MAX
        if (!isKept && answers.get(name) === answer) answers.set(name, null)
      }
      answer.then(dropUnlessKept, () => answers.delete(name))
      const [oldest] = answers.keys()
      if (answers.size > QUESTIONS_MAX && oldest !== undefined) answers.delete(oldest)
      return answer
    },
    forget: () => {
      known = new Map()
    },
  }
}
