import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { StoredObject } from '../../model/object-store.ts'
import { toUtf8 } from '../../std/bytes.ts'
import { describeObjects } from '../objects.contract.ts'
import { openLocalObjects } from './local-objects.ts'

describeObjects('objects in a directory', async () => {
  const root = await mkdtemp(join(tmpdir(), 'weir-objects-'))
  const directory = join(root, 'made', 'later')
  return {
    objects: openLocalObjects({ directory }),
    reopen: () => openLocalObjects({ directory }),
    [Symbol.asyncDispose]: () => rm(root, { recursive: true }),
  }
})

let directory = ''
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'weir-objects-'))
})
afterEach(() => rm(directory, { recursive: true }))

const unavailable = (message: RegExp): object => ({
  code: 'OBJECTS_UNAVAILABLE',
  message: expect.stringMatching(message),
})

test('what a crash left apart is no object, and is removed when it is old', async () => {
  const apart = join(directory, '~apart')
  await mkdir(apart)
  await writeFile(join(apart, '1-1'), 'torn')
  await writeFile(join(apart, `${process.pid}-1`), 'being written')
  await utimes(join(apart, '1-1'), 1, 1)
  const objects = openLocalObjects({ directory })
  await objects.put('key', toUtf8('x'))
  expect(await readdir(apart)).toEqual([`${process.pid}-1`])
  const keys: string[] = []
  for await (const { key } of objects.list('')) keys.push(key)
  expect(keys).toEqual(['key'])
})

test('versions of equal bytes differ, however fast they come', async () => {
  const objects = openLocalObjects({ directory })
  const seen = new Set<string>()
  for (let turn = 0; turn < 200; turn += 1) {
    await objects.put('key', toUtf8('same'))
    seen.add(((await objects.get('key')) as StoredObject).version)
  }
  expect(seen.size).toBe(200)
})

test('a file where a folder must be, or the other way round, is told with its remedy', async () => {
  const objects = openLocalObjects({ directory })
  await objects.put('a/b', toUtf8('x'))
  await expect(objects.put('a/b/c', toUtf8('x'))).rejects.toMatchObject(
    unavailable(/'a\/b\/c'.*a file stands where a folder must be/),
  )
  await expect(objects.put('a', toUtf8('x'))).rejects.toMatchObject(unavailable(/folder stands/))
  await expect(objects.put('a', toUtf8('x'), { ifAbsent: true })).rejects.toMatchObject(
    unavailable(/writing object 'a'.*remove it/),
  )
  expect(await objects.get('a/b/c')).toBeNull()
  expect(await objects.get('a')).toBeNull()
  await objects.delete('a/b/c')
  const file = openLocalObjects({ directory: join(directory, 'a', 'b') })
  await expect(file.get('key')).rejects.toMatchObject(unavailable(/is a file.*need a directory/))
  await expect(file.put('key', toUtf8('x'))).rejects.toMatchObject(unavailable(/file stands/))
  const listing = async (): Promise<void> => {
    for await (const entry of file.list('')) expect(entry).toBeNull()
  }
  await expect(listing()).rejects.toMatchObject(unavailable(/is a file/))
})

test('a disk that refuses is told with what the system says', async () => {
  // Nobody may write below /proc, not even root.
  const objects = openLocalObjects({ directory: '/proc/weir' })
  await expect(objects.put('key', toUtf8('x'))).rejects.toMatchObject(
    unavailable(/writing object 'key' in '\/proc\/weir' failed/),
  )
  expect(await objects.get('key')).toBeNull()
})

test('a directory without permission is told with its remedy', async context => {
  if (process.getuid?.() === 0) {
    // Root may do everything; another user is asked, where there is one.
    const script = `import { openLocalObjects } from '${import.meta.dirname}/local-objects.ts'
      process.setuid(65534)
      await openLocalObjects({ directory: '${directory}' }).put('key', new Uint8Array(1))
        .catch(error => process.stdout.write(error.code + ' ' + error.message))`
    const args = ['--input-type=module', '-e', script]
    const { stdout } = await promisify(execFile)(process.execPath, args)
    expect(stdout).toMatch(/^OBJECTS_UNAVAILABLE .*give this user the right/)
    return
  }
  const closed = join(directory, 'closed')
  await mkdir(closed, { mode: 0o500 })
  context.onTestFinished(() => rm(closed, { recursive: true, force: true }))
  await expect(
    openLocalObjects({ directory: closed }).put('key', toUtf8('x')),
  ).rejects.toMatchObject(unavailable(/give this user the right/))
})

test('a key that is none crashes', async () => {
  const objects = openLocalObjects({ directory })
  for (const key of ['', '/a', 'a/', 'a//b', '../a', 'a/./b', '~apart/1', 'a b', 'ä', 'a\0']) {
    await expect(objects.get(key), key).rejects.toThrow(/is a key/)
    await expect(objects.put(key, toUtf8('x')), key).rejects.toThrow(/is a key/)
  }
})
