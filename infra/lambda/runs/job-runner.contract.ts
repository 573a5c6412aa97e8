/** What every runner of jobs must keep; the test of each adapter calls it. */
import { randomUUID } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import type { Job, JobRunner } from './job-runner.ts'

/** `open` gives a runner that takes jobs. */
export function testJobRunner(name: string, open: () => JobRunner | Promise<JobRunner>): void {
  const signal = AbortSignal.timeout(60_000)

  describe(`${name} as a runner of jobs`, () => {
    test('a job that was started is known', async () => {
      const runner = await open()
      const id = await runner.start(createJob(), signal)
      expect(['waiting', 'running', 'ended']).toContain((await runner.state(id, signal)).kind)
    })

    test('the same token gives the same job, at once or one after the other', async () => {
      const runner = await open()
      const job = createJob()
      const start = (): Promise<string> => runner.start(job, signal)
      const ids = [...(await Promise.all([start(), start(), start()])), await start()]
      expect(new Set(ids).size).toBe(1)
    })

    test('another token gives another job', async () => {
      const runner = await open()
      const ids = [await runner.start(createJob(), signal), await runner.start(createJob(), signal)]
      expect(new Set(ids).size).toBe(2)
    })
  })
}

function createJob(): Job {
  const token = randomUUID().replaceAll('-', '')
  return { run: 'day-2026-11-22', token, folder: 's3://bucket/weir/runs/day-2026-11-22' }
}
