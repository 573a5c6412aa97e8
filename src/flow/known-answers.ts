/**
 * Answers that are known already: as long as nothing is committed, a question that was asked before
 * has the answer that it had, and those who ask the same at the same time wait for one answer. Many
 * people look at the same page.
 */
import type { Question, Result } from '../model/result.ts'
import { STREAM } from '../model/result.ts'

export interface KnownAnswers {
  query(question: Question): Promise<Result>
  /** Something was committed, or the store is another: what was known is so no more. */
  forget(): void
}

/** Questions, and rows of an answer, that are remembered: together some ten MiB at most. */
const QUESTIONS_MAX = 50
const ROWS_MAX = 500

/** Questions about batch runs are always asked: those come without a commit. */
export function createKnownAnswers(query: (question: Question) => Promise<Result>): KnownAnswers {
  let known = new Map<string, Promise<Result>>()
  return {
    query: question => {
      if ((question.source ?? STREAM) !== STREAM) return query(question)
      const name = JSON.stringify(question)
      const before = known.get(name)
      if (before !== undefined) return before
      const answer = query(question)
      const answers = known
      const drop = (): unknown => answers.delete(name)
      answers.set(name, answer)
      answer.then(({ rows }) => rows.length > ROWS_MAX && drop(), drop)
      const [oldest] = answers.keys()
      if (answers.size > QUESTIONS_MAX && oldest !== undefined) answers.delete(oldest)
      return answer
    },
    forget: () => {
      known = new Map()
    },
  }
}
