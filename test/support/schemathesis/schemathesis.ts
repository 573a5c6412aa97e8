/** Schemathesis: requests made from an OpenAPI document, against a process that lives. */
import { execFile, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { withLock } from '../../../src/main/running/lock.ts'
import { CACHE } from '../../../src/main/spark/jars.ts'

const HERE = import.meta.dirname
const REQUIREMENTS = join(HERE, 'requirements.txt')
const INSTALL_MS_MAX = 180_000
const RUN_MS_MAX = 240_000
const OUTPUT_BYTES_MAX = 50_000_000
const LINE_SHOWN_MAX = 300
const runProgram = promisify(execFile)

/** The environment of Python; a text says why there is none. Made once, in the cache. */
export async function resolveSchemathesis(): Promise<{ readonly python: string } | string> {
  const { status } = spawnSync('python3', ['-c', 'import venv, ensurepip'])
  if (status !== 0) return 'python3 with venv is missing: install python3-venv'
  const hash = createHash('sha256').update(readFileSync(REQUIREMENTS)).digest('hex').slice(0, 8)
  const directory = join(CACHE, `schemathesis-${hash}`)
  await mkdir(CACHE, { recursive: true })
  try {
    await withLock(`${directory}.lock`, () => install(directory))
  } catch (error) {
    return `schemathesis cannot be installed: ${String(error).slice(0, LINE_SHOWN_MAX)}`
  }
  return { python: directory }
}

async function install(directory: string): Promise<void> {
  if (existsSync(join(directory, 'ready'))) return
  await rm(directory, { recursive: true, force: true })
  const words = ['install', '-q', '--disable-pip-version-check', '-r', REQUIREMENTS]
  await runProgram('python3', ['-m', 'venv', directory])
  await runProgram(join(directory, 'bin', 'pip'), words, { timeout: INSTALL_MS_MAX })
  await runProgram('touch', [join(directory, 'ready')])
}

export interface SchemathesisRun {
  readonly exitCode: number
  /** What it printed, long lines cut. */
  readonly output: string
}

/** Runs all checks; answers that never end are left out. */
export async function runSchemathesis(
  python: string,
  url: string,
  { seed, examples }: { readonly seed: number; readonly examples: number },
): Promise<SchemathesisRun> {
  const endless = ['/v1/tail', '/v1/live', '/v1/live/events']
  const checks = ['--phases', 'examples,coverage,fuzzing', '-n', String(examples)]
  const run = ['--config-file', join(HERE, 'schemathesis.toml'), 'run', `${url}/openapi.json`]
  const leftOut = endless.flatMap(path => ['--exclude-path', path])
  const manner = ['--seed', String(seed), '--request-timeout', '20', '--no-color']
  const words = [...run, ...leftOut, ...checks, ...manner]
  const env = { ...process.env, SCHEMATHESIS_HOOKS: 'hooks', PYTHONPATH: HERE }
  const options = { env, cwd: python, timeout: RUN_MS_MAX, maxBuffer: OUTPUT_BYTES_MAX }
  try {
    const { stdout } = await runProgram(join(python, 'bin', 'schemathesis'), words, options)
    return { exitCode: 0, output: cut(stdout) }
  } catch (error) {
    const { code = 1, stdout = String(error) } = error as { code?: number; stdout?: string }
    return { exitCode: code, output: cut(stdout) }
  }
}

function cut(text: string): string {
  return text
    .split('\n')
    .map(line => line.slice(0, LINE_SHOWN_MAX))
    .join('\n')
}
