/** Schemathesis: requests made from an OpenAPI document, against a process that lives. */
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { pythonMissing, resolvePrograms } from '../python.ts'

const HERE = import.meta.dirname
const RUN_MS_MAX = 240_000
const OUTPUT_BYTES_MAX = 50_000_000
const LINE_SHOWN_MAX = 300
const runProgram = promisify(execFile)

/** The folder of the program; a text says why there is none. */
export async function resolveSchemathesis(): Promise<{ readonly programs: string } | string> {
  const missing = pythonMissing()
  if (missing !== null) return missing
  try {
    const programs = await resolvePrograms('schemathesis', join(HERE, 'requirements.txt'))
    return { programs }
  } catch (error) {
    return `schemathesis cannot be installed: ${String(error).slice(0, LINE_SHOWN_MAX)}`
  }
}

export interface SchemathesisRun {
  readonly exitCode: number
  /** What it printed, long lines cut. */
  readonly output: string
}

/** Runs all checks; answers that never end are left out. */
export async function runSchemathesis(
  programs: string,
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
  const options = { env, cwd: programs, timeout: RUN_MS_MAX, maxBuffer: OUTPUT_BYTES_MAX }
  try {
    const { stdout } = await runProgram(join(programs, 'schemathesis'), words, options)
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
