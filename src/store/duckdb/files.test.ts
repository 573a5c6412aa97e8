/** What lies beside the database: what a crash left, what a disk broke, who else is there. */
import { spawn } from 'node:child_process'
import {
  appendFile,
  mkdtemp,
  readdir,
  readFile,
  rm,
  stat,
  truncate,
  writeFile,
} from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { present } from '../../std/assert.ts'
import { expectFault } from '../bed.ts'
import { block, plansOf, stepOf, toIds } from '../steps.ts'
import type { Store } from '../store.ts'
import { openDuckDbStore } from './duckdb.ts'
import { KNOWN_PLANS, KNOWN_SHARDS } from './known-steps.ts'

let directory = ''
const open = (): Promise<Store> => openDuckDbStore({ directory, plans: plansOf(), shards: 1 })
const path = (name: string): string => join(directory, name)

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'weir-files-'))
})
afterEach(() => rm(directory, { recursive: true }))

/** One delta with ids 1, 2, 3 and one run with ids 10..5009. */
async function fill(): Promise<void> {
  await using store = await open()
  const sealed = [
    block(
      2,
      Array.from({ length: 5_000 }, (_, index) => 10 + index),
    ),
  ]
  await store.commit(stepOf({ ids: { added: [], sealed, kept: [block(1, [1, 2])] } }))
  await store.commit(stepOf({ ids: { added: [block(1, [3])], sealed: [], kept: [] } }))
}

async function warmIds(): Promise<Uint8Array | undefined> {
  await using store = await open()
  return (await store.load()).shards[0]?.ids.blocks[0]?.ids
}

test('bytes past what was committed are cut, files that nothing names removed', async () => {
  await fill()
  const { size } = await stat(path('ids-0-1.delta'))
  await appendFile(path('ids-0-1.delta'), Buffer.alloc(1_000, 7))
  await writeFile(path('ids-0-2.delta'), 'torn')
  await writeFile(path('ids-0-9.run'), 'torn')
  await writeFile(path('mine.txt'), 'kept')
  expect(await warmIds()).toEqual(toIds([1, 2, 3]))
  expect((await stat(path('ids-0-1.delta'))).size).toBe(size)
  const names = (await readdir(directory)).filter(name => !name.startsWith('weir.duckdb'))
  expect(names.toSorted((a, b) => (a < b ? -1 : 1))).toEqual([
    'ids-0-0.run',
    'ids-0-1.delta',
    'mine.txt',
    'tmp',
  ])
})

test('a run finds each of its ids on any page, and no other', async () => {
  await fill()
  await using store = await open()
  const run = present((await store.load()).shards[0]?.ids.runs[0], 'a run')
  expect([run.bucket, run.idCount]).toEqual([2, 5_000])
  for (let number = -100; number < 5_200; number += 1) {
    const found = run.has(number, number + 1, number + 2, number + 3)
    expect(found).toBe(number >= 10 && number < 5_010)
    expect(run.has(number, number + 1, number + 2, number)).toBe(false)
  }
})

test('damage is told by the name of the file', async () => {
  await fill()
  const flip = async (name: string, position: number): Promise<() => Promise<void>> => {
    const whole = await readFile(path(name))
    const torn = Buffer.from(whole)
    torn[position] = (torn[position] ?? 0) ^ 1
    await writeFile(path(name), torn)
    return () => writeFile(path(name), whole)
  }
  for (const [name, position] of [
    ['ids-0-1.delta', 1],
    ['ids-0-1.delta', 20],
    ['ids-0-0.run', 5],
    ['ids-0-0.run', 4_096 + 5_000 * 16 + 3],
  ] as const) {
    const mend = await flip(name, position)
    await expectFault(warmIds, 'STORE_UNAVAILABLE', new RegExp(`${name}.*remove it whole`))
    await mend()
  }
  await truncate(path('ids-0-1.delta'), 40)
  await expectFault(warmIds, 'STORE_UNAVAILABLE', /ids-0-1\.delta.*too short/)
  await rm(path('ids-0-1.delta'))
  await expectFault(warmIds, 'STORE_UNAVAILABLE', /ids-0-1\.delta.*missing/)
})

test('a file that is no store is told so, and left alone', async () => {
  await writeFile(path('weir.duckdb'), 'not a database '.repeat(1_000))
  await expectFault(open, 'DATA_DIR_MISMATCH', /not written by this version/)
  expect((await readFile(path('weir.duckdb'), 'utf8')).startsWith('not a database')).toBe(true)
})

test('a store that another process holds is busy, and free when that has died', async () => {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'crash-child.ts'), directory])
  try {
    await new Promise(resolve => child.stdout.once('data', resolve))
    const reopen = (): Promise<Store> =>
      openDuckDbStore({ directory, plans: KNOWN_PLANS, shards: KNOWN_SHARDS })
    await expectFault(reopen, 'DATA_DIR_BUSY', new RegExp(`process ${child.pid}.*stop it first`))
    child.kill('SIGKILL')
    await new Promise(resolve => child.once('close', resolve))
    await using store = await reopen()
    expect((await store.audit()).balanced).toBe(true)
  } finally {
    child.kill('SIGKILL')
  }
})
