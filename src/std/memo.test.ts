import { expect, test } from 'vitest'
import { memoize } from './memo.ts'

test('an answer is computed once, until too many others were asked for', () => {
  const asked: string[] = []
  const double = memoize(text => {
    asked.push(text)
    return text + text
  }, 2)
  expect(['a', 'b', 'a', 'b'].map(double)).toEqual(['aa', 'bb', 'aa', 'bb'])
  expect(asked).toEqual(['a', 'b'])
  expect(['c', 'a', 'c'].map(double)).toEqual(['cc', 'aa', 'cc'])
  expect(asked).toEqual(['a', 'b', 'c', 'a'])
})
