import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { expectFault } from '../bed.ts'
import { plansOf, stepOf } from '../steps.ts'
import { testStore } from '../store.contract.ts'
import type { CrashPoint } from './duckdb.ts'
import { openDuckDbStore } from './duckdb.ts'

testStore('duckdb store', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'weir-store-'))
  return {
    open: (plans, shards = 2) => openDuckDbStore({ directory, plans, shards }),
    [Symbol.asyncDispose]: () => rm(directory, { recursive: true }),
  }
})

for (const [point, sequence] of [
  ['commit.before', 1],
  ['commit.after', 2],
] as const) {
  test(`a commit that fails at ${point} is settled by opening again`, async () => {
    const directory = await mkdtemp(join(tmpdir(), 'weir-store-'))
    let failing: CrashPoint | null = null
    const options = { directory, plans: plansOf(), shards: 1 }
    const crash = (reached: CrashPoint): void => {
      if (reached === failing) throw new Error('no space left')
    }
    try {
      const store = await openDuckDbStore({ ...options, crash })
      await store.commit(stepOf({}))
      failing = point
      const message = /may or may not.*no space left.*open it again/
      await expectFault(() => store.commit(stepOf({})), 'STORE_COMMIT_UNCERTAIN', message)
      failing = null
      await expectFault(() => store.commit(stepOf({})), 'STORE_COMMIT_UNCERTAIN', message)
      await expectFault(() => store.audit(), 'STORE_COMMIT_UNCERTAIN', message)
      await store[Symbol.asyncDispose]()
      await using again = await openDuckDbStore(options)
      expect((await again.load()).sequence).toBe(sequence)
    } finally {
      await rm(directory, { recursive: true })
    }
  })
}
