/** What the instance of a run does where Spark is not needed to see it. */
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Place } from '../../test/support/place.ts'
import { createPlace } from '../../test/support/place.ts'
import type { Ended } from './support/machine.ts'
import { rootOf, runUserData } from './support/machine.ts'

const SCRIPT = join(import.meta.dirname, '..', 'user-data', 'run.sh')
/** EC2 takes no more, before base64. */
const USER_DATA_BYTES_MAX = 16 * 1024
const METADATA = { 'tags/instance/weir-run': 'day-2026-11-22', 'placement/region': 'eu-central-1' }

let place: Place
const folder = (): string => join(place.directory, 'buckets', 'shop-results')

beforeEach(async () => {
  place = await createPlace()
})
afterEach(() => place[Symbol.asyncDispose]())

interface Given {
  readonly metadata?: { readonly [path: string]: string }
  readonly environment?: { readonly [name: string]: string }
  /** What spark-submit is. */
  readonly spark?: string
  readonly programs?: { readonly [name: string]: string }
}

/** Buckets are directories, and Spark is a script. */
async function run(given: Given): Promise<Ended> {
  put('weir/runs/day-2026-11-22/job.py', 'a job')
  put('weir/runs/day-2026-11-22/plan.json', '{}')
  const archive = makeSpark(given.spark ?? 'true')
  return await runUserData({
    directory: place.directory,
    metadata: given.metadata ?? METADATA,
    programs: { aws: AWS, ...given.programs },
    environment: {
      BUCKETS: join(place.directory, 'buckets'),
      WEIR_RESULTS: 's3://shop-results/weir',
      // What these are is seen with real ones.
      WEIR_JARS: '',
      WEIR_SPARK: `file://${archive}`,
      WEIR_SPARK_SHA256: createHash('sha256').update(readFileSync(archive)).digest('hex'),
      ...given.environment,
    },
  })
}

const AWS = `#!/bin/bash
if [[ $1 == cloudwatch ]]; then echo "$*" >>"$BUCKETS/../metrics"; exit; fi
[[ $1 == s3 && $2 == cp && $3 == --only-show-errors ]] || exit 2
from=\${4/#s3:\\/\\//$BUCKETS/} to=\${5/#s3:\\/\\//$BUCKETS/}
mkdir -p "$(dirname "$to")" && cp "$from" "$to"
`
function put(key: string, text: string): void {
  const path = join(folder(), key)
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, text)
}

function makeSpark(body: string): string {
  const bin = join(place.directory, 'pyspark-4', 'deps', 'bin')
  mkdirSync(bin, { recursive: true })
  writeFileSync(join(bin, 'spark-submit'), `#!/bin/bash\n${body}\n`, { mode: 0o755 })
  const archive = join(place.directory, 'spark.tar.gz')
  execFileSync('tar', ['-czf', archive, '-C', place.directory, 'pyspark-4'])
  return archive
}

function exitOf(): unknown {
  return JSON.parse(readFileSync(join(folder(), 'weir/runs/day-2026-11-22/exit.json'), 'utf8'))
}

/** The last of a log that was uploaded. */
function logOf(file: string): string {
  return readFileSync(join(folder(), 'logs/ec2/day-2026-11-22', file), 'utf8')
}

const STARTED = 'shutdown -h +240'
const INSTALLED = 'dnf install -y -q java-17-amazon-corretto-headless python3.11'
const STOPPED = 'shutdown -h now'

test('it runs the job on the plan, uploads logs, and stops', async () => {
  const { code, calls } = await run({ spark: 'echo "$SPARK_HOME $*"; echo told >&2' })
  expect([code, calls]).toEqual([0, [STARTED, INSTALLED, STOPPED]])
  expect(exitOf()).toEqual({ code: 0, reason: '' })
  expect(existsSync(join(place.directory, 'metrics'))).toBe(false)
  const root = rootOf(place.directory)
  expect(logOf('job.log')).toContain(`${root}/spark/deps --master local[*]`)
  expect(logOf('job.log')).toContain('s3a.endpoint.region=eu-central-1')
  expect(logOf('job.log').trimEnd()).toMatch(`${root}/job.py file://${root}/plan.json`)
  expect(logOf('spark.log')).toBe('told\n')
  expect(logOf('boot.log')).toMatch(/Z counting\n.*Z ending\n/)
  expect(readFileSync(join(root, 'job.py'), 'utf8')).toBe('a job')
})

describe('it stops, and tells why', () => {
  test.each<readonly [about: string, given: Given, reason: string]>([
    [
      'where the job refuses',
      { spark: 'echo weir: 1 of 9; echo "weir: refused: no lake"; exit 1' },
      'no lake',
    ],
    [
      'where spark breaks',
      { spark: 'echo "at a.b.C" >&2; echo "java.lang.OutOfMemoryError: heap" >&2; exit 52' },
      'java.lang.OutOfMemoryError: heap',
    ],
    [
      'where spark is killed',
      { spark: 'kill -9 $$' },
      'counting failed with 137; see logs/ec2/day-2026-11-22/boot.log',
    ],
    [
      'where spark is not what was pinned',
      { environment: { WEIR_SPARK_SHA256: '0'.repeat(64) } },
      'fetching spark failed with 1; see logs/ec2/day-2026-11-22/boot.log',
    ],
    [
      'where a jar is not to be had',
      { environment: { WEIR_JARS: `${'0'.repeat(64)} a/b/1.0\n`, WEIR_MAVEN: 'file:///nowhere' } },
      'fetching what spark needs for s3 failed with 37; see logs/ec2/day-2026-11-22/boot.log',
    ],
    [
      'where nothing can be installed',
      { programs: { dnf: '#!/bin/bash\nexit 3\n' } },
      'installing java and python failed with 3; see logs/ec2/day-2026-11-22/boot.log',
    ],
  ])('%s', async (_, given, reason) => {
    const { code, calls } = await run(given)
    expect([calls[0], calls.at(-1)]).toEqual([STARTED, STOPPED])
    expect(exitOf()).toEqual({ code, reason })
    expect(code).not.toBe(0)
    expect(readFileSync(join(place.directory, 'metrics'), 'utf8')).toBe(
      'cloudwatch put-metric-data --namespace Weir --metric-name FailedRuns ' +
        '--dimensions Service=runs --unit Count --value 1\n',
    )
    expect(readdirSync(join(folder(), 'logs/ec2/day-2026-11-22'))).toContain('boot.log')
  })
})

describe('it stops, though it can tell nobody', () => {
  test.each<readonly [about: string, given: Given]>([
    ['where it has no tag', { metadata: { 'placement/region': 'eu-central-1' } }],
    ['where its tag is no name', { metadata: { ...METADATA, 'tags/instance/weir-run': '../x' } }],
    ['where it knows no place', { environment: { WEIR_RESULTS: '' } }],
    ['where the bucket refuses', { programs: { aws: '#!/bin/bash\nexit 1\n' } }],
    ['where its disk is not writable', { environment: { WEIR_ROOT: '/proc/nowhere' } }],
  ])('%s', async (_, given) => {
    const { code, calls } = await run(given)
    expect(code).not.toBe(0)
    expect([calls[0], calls.at(-1)]).toEqual([STARTED, STOPPED])
    expect(readdirSync(folder())).toEqual(['weir'])
  })
})

test('it is small enough, and has no key of anybody', () => {
  const text = readFileSync(SCRIPT, 'utf8')
  // What the stack writes above it comes besides.
  expect(text.length).toBeLessThan(USER_DATA_BYTES_MAX - 1024)
  expect(text).not.toMatch(/AKIA|SECRET|set -x|http:\/\/(?!169\.254\.169\.254)/)
})
