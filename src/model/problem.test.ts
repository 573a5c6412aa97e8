import { expect, test } from 'vitest'
import { Fault } from '../std/fault.ts'
import { answerProblem, problemOfFault, toProblem } from './problem.ts'

test.each([
  ['QUERY_INVALID', 400],
  ['LOG_FULL', 503],
  ['STORE_COMMIT_UNCERTAIN', 503],
  ['LOG_CORRUPT', 500],
] as const)('%s is %i', (code, status) => {
  expect(problemOfFault(new Fault(code, 'why'))).toEqual({
    type: `/problems/${code.toLowerCase()}`,
    title: expect.any(String) as string,
    status,
    code: code.toLowerCase(),
    detail: 'why',
  })
})

test('an answer tells its length in bytes, and 503 when to try again', () => {
  const { status, headers, body } = answerProblem(toProblem('busy', 'zu viel Käse'))
  expect(status).toBe(503)
  expect(headers['Content-Length']).toBe(String(Buffer.byteLength(body)))
  expect(headers['Retry-After']).toBe('2')
  expect(answerProblem(toProblem('not_found', '')).headers['Retry-After']).toBeUndefined()
})
