import { expect, test } from 'vitest'
import { createQuota, PENDING_BYTES_MAX } from './quota.ts'

const FULL = expect.objectContaining({ code: 'LOG_FULL' })

test('what is held and what is about to be count together', () => {
  const quota = createQuota(100)
  quota.add(40)
  const giveBack = quota.reserve(50)
  expect(() => quota.reserve(11)).toThrow(FULL)
  quota.reserve(10)()
  giveBack()
  quota.add(50)
  expect(() => quota.reserve(11)).toThrow(FULL)
  quota.add(-1)
  quota.reserve(11)
})

test('a refusal says how much there is and how to mend it', () => {
  const quota = createQuota(2048)
  quota.add(1024)
  expect(() => quota.reserve(1025)).toThrow(
    'the log holds 1.0 KiB and may hold 2.0 KiB; let its readers catch up',
  )
})

test('waiting appends are bounded, but one alone may be larger', () => {
  const quota = createQuota(Number.POSITIVE_INFINITY)
  const giveBack = quota.reserve(PENDING_BYTES_MAX + 1)
  expect(() => quota.reserve(1)).toThrow(FULL)
  giveBack()
  quota.reserve(PENDING_BYTES_MAX)
  expect(() => quota.reserve(1)).toThrow(FULL)
})
