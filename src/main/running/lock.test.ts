import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setImmediate as yieldOnce } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { createPlace } from '../../../test/support/place.ts'
import { withLock } from './lock.ts'

test('one at a time, and all in the end', async () => {
  await using place = await createPlace()
  const path = join(place.directory, 'lock')
  let [inside, most, done] = [0, 0, 0]
  const act = async (): Promise<void> => {
    inside += 1
    most = Math.max(most, inside)
    await yieldOnce()
    inside -= 1
    done += 1
  }
  await Promise.all([1, 2, 3].map(() => withLock(path, act)))
  expect([most, done]).toEqual([1, 3])
})

test('a lock whose owner is dead is taken over', async () => {
  await using place = await createPlace()
  const path = join(place.directory, 'lock')
  // No system gives out such a pid.
  await writeFile(path, '2147483646')
  let isDone = false
  await withLock(path, async () => {
    isDone = true
  })
  expect(isDone).toBe(true)
})
