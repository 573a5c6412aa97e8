import { expect, test } from 'vitest'
import { createComing } from './coming.ts'

const OVER = Promise.resolve(null)
const never = new Promise<null>(() => {})

test('what comes when nobody waits any more is given the next time, and once', async () => {
  const answers = [Promise.withResolvers<string>(), Promise.withResolvers<string>()] as const
  let askedCount = 0
  const coming = createComing(() => {
    askedCount += 1
    return askedCount === 1 ? answers[0].promise : answers[1].promise
  })
  expect(await coming.next(OVER)).toBeNull()
  answers[0].resolve('first')
  // It has come now, between two calls.
  await answers[0].promise
  expect(await coming.next(OVER)).toBe('first')
  answers[1].resolve('second')
  expect(await coming.next(never)).toBe('second')
  expect(askedCount).toBe(2)
})

test('an error between two calls is thrown by the next', async () => {
  const answer = Promise.withResolvers<string>()
  const coming = createComing(() => answer.promise)
  expect(await coming.next(OVER)).toBeNull()
  answer.reject(new Error('the topic is gone'))
  await answer.promise.catch(() => {})
  await expect(coming.next(never)).rejects.toThrow('the topic is gone')
})
