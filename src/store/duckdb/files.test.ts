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
import { DuckDBInstance } from '@duckdb/node-api'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { present } from '../../std/assert.ts'
import { expectFault, rowsOf } from '../bed.ts'
import { block, plansOf, stepOf, toIds } from '../steps.ts'
import type { Store } from '../store.ts'
import { openDuckDbStore } from './duckdb.ts'
import { KNOWN_PLANS, KNOWN_SHARDS, knownStep } from './known-steps.ts'

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

test('a store from before settled rows lay apart is read, and goes on', async () => {
  const reopen = (): Promise<Store> =>
    openDuckDbStore({ directory, plans: KNOWN_PLANS, shards: KNOWN_SHARDS })
  const steps = [0, 1, 2].map(knownStep)
  const expected: unknown[] = []
  {
    await using store = await reopen()
    for (const step of steps) await store.commit(step)
    for (const { name } of KNOWN_PLANS) expected.push(await rowsOf(store, name))
  }
  await changeFile(
    ...KNOWN_PLANS.map(({ hash }) => `DROP TABLE b_${hash}_1`),
    'ALTER TABLE metrics DROP COLUMN projected',
    'UPDATE metrics SET compacted_rows = 36',
    'UPDATE meta SET format = 1',
  )
  for (const count of [4, 5]) {
    await using store = await reopen()
    const rows: unknown[] = []
    for (const { name } of KNOWN_PLANS) rows.push(await rowsOf(store, name))
    if (count === 4) expect(rows).toEqual(expected)
    await store.commit(knownStep(count - 1))
    expect((await store.load()).sequence).toBe(count)
  }
})

test('tables that a killed compaction had made are removed', async () => {
  await fill()
  await changeFile(
    'CREATE TABLE b_0123456789abcdef_2(window_start BIGINT)',
    'CREATE TABLE mine(a INT)',
  )
  await (await open())[Symbol.asyncDispose]()
  const names = await changeFile("SELECT table_name FROM duckdb_tables() WHERE table_name < 'n'")
  expect(names).toContainEqual(['mine'])
  expect(names).not.toContainEqual(['b_0123456789abcdef_2'])
})

/** Runs SQL on the file of a store that is closed; gives the rows of the last. */
async function changeFile(...statements: readonly string[]): Promise<readonly unknown[]> {
  const instance = await DuckDBInstance.create(path('weir.duckdb'))
  const connection = await instance.connect()
  let rows: readonly unknown[] = []
  for (const sql of statements) rows = await (await connection.run(sql)).getRows()
  connection.closeSync()
  instance.closeSync()
  return rows
}

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
