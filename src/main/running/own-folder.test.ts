import { existsSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { expect, test } from 'vitest'
import { createPlace } from '../../../test/support/place.ts'
import { openOwnFolder } from './own-folder.ts'

/** No system gives out such a pid. */
const DEAD = 2_147_483_646

test('what dead processes of this machine left goes, and nothing else', async () => {
  await using place = await createPlace()
  const own = join(place.directory, `${hostname()}-${process.pid}`)
  const left = join(place.directory, `${hostname()}-${DEAD}`)
  const others = [`${hostname()}-${process.ppid}`, `elsewhere-${DEAD}`, 'notes']
  for (const path of [own, left, ...others.map(name => join(place.directory, name))]) {
    await mkdir(path)
  }
  expect(openOwnFolder(place.directory)).toBe(own)
  expect([own, left].map(existsSync)).toEqual([false, false])
  expect(others.map(name => existsSync(join(place.directory, name)))).toEqual([true, true, true])
})

test('a directory that is not there yet holds nothing', () => {
  expect(openOwnFolder('/nowhere/scratch')).toContain('/nowhere/scratch/')
})
