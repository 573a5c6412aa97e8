/** A directory of a test's own, gone when the test's scope ends. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export interface Place extends AsyncDisposable {
  readonly directory: string
}

export async function createPlace(): Promise<Place> {
  const directory = await mkdtemp(join(tmpdir(), 'weir-test-'))
  return {
    directory,
    [Symbol.asyncDispose]: () => rm(directory, { recursive: true, force: true, maxRetries: 5 }),
  }
}
