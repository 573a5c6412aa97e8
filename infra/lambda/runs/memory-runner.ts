/** Jobs that nobody runs, for tests: it keeps the promises of a runner, and fails when told to. */
import { present } from '../../../src/std/assert.ts'
import type { Fault } from '../../../src/std/fault.ts'
import type { Job, JobRunner, JobState } from './job-runner.ts'

export interface MemoryRunner extends JobRunner {
  /** What was asked of it, in order; of one token several times where it was asked again. */
  readonly asked: readonly Job[]
  /** Jobs that there are, by id. */
  readonly jobs: ReadonlyMap<string, Job>
  /** The next start throws it: `before` the job is made, or `after`, so that its answer is lost. */
  failNext(when: 'before' | 'after', fault: Fault): void
  /** How a job is from now on. */
  become(id: string, state: JobState): void
}

export function createMemoryRunner(): MemoryRunner {
  const asked: Job[] = []
  const jobs = new Map<string, Job>()
  const states = new Map<string, JobState>()
  let failing: { readonly when: 'before' | 'after'; readonly fault: Fault } | null = null
  return {
    scheme: 's3a',
    asked,
    jobs,
    start: async job => {
      const failure = failing
      failing = null
      asked.push(job)
      if (failure?.when === 'before') throw failure.fault
      const id = `job-${job.token}`
      if (!jobs.has(id)) {
        jobs.set(id, job)
        states.set(id, { kind: 'waiting' })
      }
      if (failure?.when === 'after') throw failure.fault
      return id
    },
    state: async id => states.get(id) ?? { kind: 'unknown' },
    failNext: (when, fault) => {
      failing = { when, fault }
    },
    become: (id, state) => {
      states.set(present(jobs.has(id) ? id : null, 'a job to become'), state)
    },
  }
}
