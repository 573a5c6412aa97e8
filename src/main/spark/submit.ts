/** Submits `spark/job.py` to Spark in this machine, and tells what it says. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createWriteStream } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import process from 'node:process'
import { createInterface } from 'node:readline'
import { pathToFileURL } from 'node:url'
import type { SparkPlan } from '../../engine/sql/sql.ts'
import { Fault } from '../../std/fault.ts'
import type { SparkHome } from './home.ts'

/** Beside `src` in a checkout, beside `dist` in the package. */
const SPARK_JOB: string = join(import.meta.dirname, '..', '..', '..', 'spark', 'job.py')

export interface Submission {
  readonly home: SparkHome
  readonly plans: readonly SparkPlan[]
  /** A directory of this submission's own: plans, what Spark prints, and what it spills. */
  readonly directory: string
  /** `spark.hadoop.fs.s3a.…` and others; secrets too: they go into a file for this user alone. */
  readonly settings: { readonly [name: string]: string }
  readonly onLine: (line: string) => void
  readonly signal: AbortSignal
}

const SETTINGS: { readonly [name: string]: string } = {
  'spark.driver.host': '127.0.0.1',
  'spark.driver.bindAddress': '127.0.0.1',
  'spark.ui.enabled': 'false',
  // One machine: a task a core, and few more.
  'spark.sql.shuffle.partitions': '4',
}
const LINES_SHOWN = 5

/** Resolves when all plans have run. Throws SPARK_FAILED with what the job says, or its log. */
export async function submitSpark(submission: Submission): Promise<void> {
  const { home, directory, signal, onLine } = submission
  const log = join(directory, 'spark.log')
  const child = spawn(join(home.directory, 'bin', 'spark-submit'), await toWords(submission), {
    env: {
      ...process.env,
      SPARK_HOME: home.directory,
      PYSPARK_PYTHON: home.python,
      PYSPARK_DRIVER_PYTHON: home.python,
      SPARK_LOCAL_IP: '127.0.0.1',
      SPARK_LOCAL_DIRS: directory,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
    // Its children end with it: the whole group is told to stop.
    detached: true,
  })
  const stop = (): void => {
    if (child.pid !== undefined) process.kill(-child.pid, 'SIGTERM')
  }
  signal.addEventListener('abort', stop, { once: true })
  const ended = once(child, 'close')
  child.stderr.pipe(createWriteStream(log))
  let refusal: string | null = null
  for await (const line of createInterface({ input: child.stdout })) {
    if (line.startsWith(REFUSED)) refusal = line.slice(REFUSED.length)
    else onLine(line)
  }
  const [code] = (await ended) as [number | null]
  signal.removeEventListener('abort', stop)
  signal.throwIfAborted()
  if (code === 0) return
  throw new Fault('SPARK_FAILED', refusal ?? (await toFailure(log, code)))
}

const REFUSED = 'weir: refused: '

async function toWords({ plans, directory, settings }: Submission): Promise<readonly string[]> {
  const paths = await Promise.all(
    plans.map(async (plan, index) => {
      const path = join(directory, `plan-${index}.json`)
      await writeFile(path, JSON.stringify(plan, null, 2))
      return pathToFileURL(path).href
    }),
  )
  const properties = join(directory, 'spark.properties')
  await writeFile(properties, toProperties({ ...SETTINGS, ...settings }), { mode: PRIVATE_MODE })
  return ['--master', 'local[*]', '--properties-file', properties, SPARK_JOB, ...paths]
}

/** Words of a command are seen by everybody on the machine. */
const PRIVATE_MODE = 0o600

/** As java.util.Properties reads it. */
function toProperties(settings: Submission['settings']): string {
  return Object.entries(settings)
    .map(([name, value]) => `${name}=${value.replaceAll('\\', '\\\\')}\n`)
    .join('')
}

/** The lines of the log that name an error, else its last ones. */
async function toFailure(log: string, code: number | null): Promise<string> {
  const lines = (await readFile(log, 'utf8')).trimEnd().split('\n')
  const named = lines.filter(line => /Exception|Error\b|error:/.test(line))
  const shown = (named.length > 0 ? named : lines).slice(-LINES_SHOWN)
  return `spark ended with ${code ?? 'a signal'}: ${shown.map(line => line.trim()).join('; ')}`
}
