import { describe, expect, test } from 'vitest'
import type { Question, Result } from '../../model/result.ts'
import { LIMIT_DEFAULT } from '../../model/result.ts'
import { createKnownAnswers } from './known-answers.ts'

const ask = (metric: string, more: Partial<Question> = {}): Question => {
  return { metric, fromMs: null, toMs: null, limit: 10, cursor: null, ...more }
}

function createCounted(rowCount = 1): {
  readonly asked: string[]
  readonly query: (question: Question) => Promise<Result>
} {
  const asked: string[] = []
  const row = { key: {} } as unknown as Result['rows'][number]
  const query = async ({ metric }: Question): Promise<Result> => {
    const number = asked.push(metric)
    await Promise.resolve()
    if (metric === 'broken') throw new Error('no')
    const rows = Array.from({ length: rowCount }, () => row)
    return { metric, zone: String(number), rows, next: null }
  }
  return { asked, query }
}

describe('known answers', () => {
  test('those who ask at one time share an answer, which is kept when asked again', async () => {
    const { asked, query } = createCounted()
    const known = createKnownAnswers(query)
    const [first, second] = await Promise.all([known.query(ask('a')), known.query(ask('a'))])
    expect(second).toBe(first)
    const again = await known.query(ask('a'))
    expect(again).not.toBe(first)
    expect(await known.query(ask('a'))).toBe(again)
    expect(asked).toEqual(['a', 'a'])
    known.forget()
    expect((await known.query(ask('a'))).zone).toBe('3')
  })

  test('another question, or one about a run, is asked', async () => {
    const { asked, query } = createCounted()
    const known = createKnownAnswers(query)
    await known.query(ask('a'))
    await known.query(ask('a', { limit: 11 }))
    await known.query(ask('a', { keys: [{ name: 'k', values: [null] }] }))
    for (const source of ['run', 'run', 'run', 'stream', 'stream', 'stream']) {
      await known.query(ask('a', { source }))
    }
    expect(asked).toHaveLength(8)
  })

  test('an answer that was under way at a commit is not given after it', async () => {
    const { asked, query } = createCounted()
    const known = createKnownAnswers(query)
    const before = known.query(ask('a'))
    known.forget()
    const after = known.query(ask('a'))
    expect((await before).zone).not.toBe((await after).zone)
    const kept = await known.query(ask('a'))
    expect(await known.query(ask('a'))).toBe(kept)
    expect(asked).toHaveLength(3)
  })

  test('failures and long answers are not kept, nor more than fifty', async () => {
    const { asked, query } = createCounted(LIMIT_DEFAULT + 1)
    const known = createKnownAnswers(query)
    const wished = ['broken', 'broken', 'broken', 'long', 'long', 'long']
    for (const metric of wished) await known.query(ask(metric)).catch(() => null)
    expect(asked).toEqual(wished)
    const short = createCounted()
    const few = createKnownAnswers(short.query)
    for (let index = 0; index <= 50; index += 1) {
      for (let time = 0; time < 2; time += 1) await few.query(ask(`m${index}`))
    }
    await few.query(ask('m50'))
    expect(short.asked).toHaveLength(102)
    await few.query(ask('m0'))
    expect(short.asked).toHaveLength(103)
  })
})
