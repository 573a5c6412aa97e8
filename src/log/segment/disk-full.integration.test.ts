/** A disk that is really full: a small tmpfs, where this user may mount one. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { readdir, stat, unlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { KIB } from '../../std/units.ts'
import { NEVER, readTexts, SETTINGS, toRecord } from '../contract/kit.contract.ts'
import type { EventLog } from '../log.ts'
import { openSegmentLog } from './segment-log.ts'

const DISK_BYTES = 256 * KIB

/** Mounts a tmpfs of DISK_BYTES until the test is finished; null where that is not allowed. */
function mountSmallDisk(): string | null {
  const directory = mkdtempSync(join(tmpdir(), 'weir-small-disk-'))
  onTestFinished(() => rmSync(directory, { recursive: true }))
  try {
    const options = ['-t', 'tmpfs', '-o', `size=${DISK_BYTES}`, 'weir-test', directory]
    execFileSync('mount', options, { stdio: 'ignore' })
  } catch {
    return null
  }
  onTestFinished(() => {
    execFileSync('umount', [directory])
  })
  return directory
}

/** Takes room on the disk that the test gives back later. */
const BALLAST_BYTES = 32 * KIB

test('a full disk refuses appends whole, and goes on when there is room', async context => {
  const disk = mountSmallDisk()
  if (disk === null) return context.skip('this user cannot mount a tmpfs')
  await writeFile(join(disk, 'ballast'), Buffer.alloc(BALLAST_BYTES))
  await writeFile(join(disk, 'ballast-small'), Buffer.alloc(BALLAST_BYTES / 4))
  const torn: unknown[] = []
  const log = await open(disk, torn)
  const texts: string[] = []
  const append = async (): Promise<void> => {
    const text = `${texts.length}${'x'.repeat(3_000)}`
    await log.append([toRecord(text)], NEVER)
    texts.push(text)
  }
  const appendUntilFull = async (): Promise<void> => {
    for (;;) await append()
  }
  await expect(appendUntilFull()).rejects.toMatchObject({ code: 'LOG_FULL' })
  await expect(append()).rejects.toMatchObject({ code: 'LOG_FULL' })
  expect(await readTexts(log)).toEqual(texts)
  expect(await sizeOf(join(disk, 'log'))).toBe((await log.bounds(NEVER))[0]?.sizeBytes)

  // LOG_FULL says that nothing was appended; where some was, it is not told.
  await unlink(join(disk, 'ballast-small'))
  const large = 'x'.repeat(BALLAST_BYTES)
  const partly = [toRecord('fits', { partition: 1 }), toRecord(large)]
  await expect(log.append(partly, NEVER)).rejects.toMatchObject({ code: 'LOG_UNAVAILABLE' })
  expect(await readTexts(log, { partition: 1 })).toEqual(['fits'])

  // What was torn is cut off at once: with some room, the next record takes its place.
  const countWhenFull = texts.length
  await unlink(join(disk, 'ballast'))
  await append()
  await expect(appendUntilFull()).rejects.toMatchObject({ code: 'LOG_FULL' })
  expect(texts.length).toBeGreaterThan(countWhenFull + 5)
  expect(await readTexts(log)).toEqual(texts)

  log.release([{ topic: 'orders', partition: 0, offset: texts.length }])
  await expect.poll(async () => (await log.bounds(NEVER))[0]?.offsetFirst).toBeGreaterThan(0)
  await append()
  await log[Symbol.asyncDispose]()

  const again = await open(disk, torn)
  const offset = (await again.bounds(NEVER))[0]?.offsetFirst ?? 0
  expect(await readTexts(again, { offset })).toEqual(texts.slice(offset))
  expect(torn).toEqual([])
})

/** Bytes of all files under a directory. */
async function sizeOf(directory: string): Promise<number> {
  let size = 0
  for (const name of await readdir(directory, { recursive: true })) {
    const file = await stat(join(directory, name))
    if (file.isFile()) size += file.size
  }
  return size
}

async function open(disk: string, torn: unknown[]): Promise<EventLog> {
  const log = await openSegmentLog({
    ...SETTINGS,
    directory: join(disk, 'log'),
    retentionBytes: 0,
    onTornTail: tail => torn.push(tail),
  })
  onTestFinished(async () => {
    await log[Symbol.asyncDispose]()
  })
  return log
}
