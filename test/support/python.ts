/**
 * Programs that PyPI has and tests need, each in a Python environment of its own, made once, in the
 * cache outside the tree. Nothing of it is shipped.
 */
import { execFile, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { withLock } from '../../src/main/running/lock.ts'
import { CACHE } from '../../src/main/spark/jars.ts'

const INSTALL_MS_MAX = 600_000
const run = promisify(execFile)

/** What is missing to have any; null: nothing. */
export function pythonMissing(): string | null {
  const { status } = spawnSync('python3', ['-c', 'import venv, ensurepip'])
  return status === 0 ? null : 'python3 with venv is missing: install python3-venv'
}

/**
 * The folder of the programs that a file of requirements names, all versions exact. The first time
 * they are downloaded. Throws what pip said.
 */
export async function resolvePrograms(name: string, requirements: string): Promise<string> {
  const hash = createHash('sha256').update(readFileSync(requirements)).digest('hex').slice(0, 8)
  const directory = join(CACHE, `${name}-${hash}`)
  await mkdir(CACHE, { recursive: true })
  await withLock(`${directory}.lock`, async () => {
    if (existsSync(join(directory, 'ready'))) return
    await rm(directory, { recursive: true, force: true })
    const words = ['install', '-q', '--disable-pip-version-check', '-r', requirements]
    await run('python3', ['-m', 'venv', directory])
    await run(join(directory, 'bin', 'pip'), words, { timeout: INSTALL_MS_MAX })
    await run('touch', [join(directory, 'ready')])
  })
  return join(directory, 'bin')
}
