import { describe, expect, test } from 'vitest'
import type { Question, Result } from '../model/result.ts'
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
  test('a question is asked once, until something is committed', async () => {
    const { asked, query } = createCounted()
    const known = createKnownAnswers(query)
    const [first, second] = await Promise.all([known.query(ask('a')), known.query(ask('a'))])
    expect(second).toBe(first)
    expect(await known.query(ask('a'))).toBe(first)
    expect(asked).toEqual(['a'])
    known.forget()
    expect((await known.query(ask('a'))).zone).toBe('2')
  })

  test('another question, or one about a run, is asked', async () => {
    const { asked, query } = createCounted()
    const known = createKnownAnswers(query)
    await known.query(ask('a'))
    await known.query(ask('a', { limit: 11 }))
    await known.query(ask('a', { keys: [{ name: 'k', values: [null] }] }))
    for (const source of ['run', 'run', 'stream', 'stream']) {
      await known.query(ask('a', { source }))
    }
    expect(asked).toHaveLength(6)
  })

  test('an answer that was under way at a commit is not given after it', async () => {
    const { asked, query } = createCounted()
    const known = createKnownAnswers(query)
    const before = known.query(ask('a'))
    known.forget()
    const after = known.query(ask('a'))
    expect((await before).zone).not.toBe((await after).zone)
    expect(await known.query(ask('a'))).toBe(await after)
    expect(asked).toHaveLength(2)
  })

  test('failures and long answers are not kept, nor more than fifty', async () => {
    const { asked, query } = createCounted(501)
    const known = createKnownAnswers(query)
    for (const metric of ['broken', 'broken', 'long', 'long']) {
      await known.query(ask(metric)).catch(() => null)
    }
    expect(asked).toEqual(['broken', 'broken', 'long', 'long'])
    const short = createCounted()
    const few = createKnownAnswers(short.query)
    for (let index = 0; index <= 50; index += 1) await few.query(ask(`m${index}`))
    await few.query(ask('m50'))
    expect(short.asked).toHaveLength(51)
    await few.query(ask('m0'))
    expect(short.asked).toHaveLength(52)
  })
})
