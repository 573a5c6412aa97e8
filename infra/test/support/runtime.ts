/**
 * A function as Lambda runs it: the bundle in a process of its own, under AWS's runtime interface
 * client, which asks a Runtime API for the next event and posts the answer. This is that API, for
 * one container: one call at a time.
 *
 * Source: "Using the Lambda runtime API for custom runtimes" of Lambda's developer guide.
 */
import { execFile, spawn, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { copyFile, mkdir, rm, writeFile } from 'node:fs/promises'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { promisify } from 'node:util'
import { withLock } from '../../../src/main/running/lock.ts'
import { CACHE } from '../../../src/main/spark/jars.ts'

export interface Runtime extends AsyncDisposable {
  /** Calls the function. Rejects with what it threw, or printed when it ended. */
  invoke(event: unknown): Promise<unknown>
  /** From the start of the process until it asked for its first event. */
  readonly initMs: number
  /** What it printed so far. */
  output(): string
}

export interface RuntimeOptions {
  /** Where the bundle is. */
  readonly directory: string
  readonly environment: { readonly [name: string]: string }
}

const PACKAGE = join(import.meta.dirname, 'ric')
const FILES = ['package.json', 'package-lock.json']
const BUILD_MS_MAX = 600_000
const INIT_MS_MAX = 30_000
const CALL_MS_MAX = 29_000
const PROGRAMS = ['cmake', 'make', 'c++', 'tar', 'xz']
const run = promisify(execFile)

/** What is missing to build the client, with what to install; null: nothing. */
export function runtimeMissing(): string | null {
  if (existsSync(join(folderOf(), 'ready'))) return null
  const missing = PROGRAMS.filter(name => spawnSync(name, ['--version']).status !== 0)
  if (missing.length === 0) return null
  return `${missing.join(', ')} missing, to build aws-lambda-ric: install cmake g++ make xz-utils`
}

/** Builds the client, if this machine has it not: that takes a minute. */
export async function resolveRuntime(): Promise<string> {
  const folder = folderOf()
  await mkdir(CACHE, { recursive: true })
  await withLock(`${folder}.lock`, async () => {
    if (existsSync(join(folder, 'ready'))) return
    await rm(folder, { recursive: true, force: true })
    await mkdir(folder)
    for (const file of FILES) await copyFile(join(PACKAGE, file), join(folder, file))
    const words = ['ci', '--no-audit', '--no-fund', '--loglevel=error']
    await run('npm', words, { cwd: folder, timeout: BUILD_MS_MAX })
    await writeFile(join(folder, 'ready'), '')
  })
  return join(folder, 'node_modules', 'aws-lambda-ric', 'index.mjs')
}

function folderOf(): string {
  const hash = createHash('sha256').update(readFileSync(join(PACKAGE, 'package-lock.json')))
  return join(CACHE, `lambda-ric-${hash.digest('hex').slice(0, 8)}`)
}

export async function startRuntime(options: RuntimeOptions): Promise<Runtime> {
  const client = await resolveRuntime()
  const api = createRuntimeApi()
  await new Promise<void>(resolve => api.server.listen(0, '127.0.0.1', resolve))
  const { port } = api.server.address() as AddressInfo
  const startedMs = performance.now()
  const child = spawn(process.execPath, [client, 'index.handler'], {
    cwd: options.directory,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      PATH: process.env['PATH'],
      TZ: ':UTC',
      AWS_LAMBDA_RUNTIME_API: `127.0.0.1:${port}`,
      AWS_LAMBDA_FUNCTION_NAME: 'weir',
      AWS_LAMBDA_FUNCTION_VERSION: '$LATEST',
      AWS_LAMBDA_LOG_GROUP_NAME: '/aws/lambda/weir',
      AWS_LAMBDA_LOG_STREAM_NAME: 'test',
      AWS_LAMBDA_FUNCTION_MEMORY_SIZE: '1024',
      AWS_EXECUTION_ENV: 'AWS_Lambda_nodejs24.x',
      LAMBDA_TASK_ROOT: options.directory,
      _HANDLER: 'index.handler',
      ...options.environment,
    },
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (bytes: Buffer) => {
      output += bytes.toString('utf8')
    })
  }
  const ended = new Promise<void>(resolve => child.once('exit', () => resolve()))
  void ended.then(() => api.fail(new Error(`the function ended:\n${output}`)))
  const close = async (): Promise<void> => {
    child.kill('SIGKILL')
    await ended
    api.server.closeAllConnections()
    await new Promise(resolve => api.server.close(resolve))
  }
  try {
    await within(api.ready, INIT_MS_MAX, 'the function does not start')
  } catch (error) {
    await close()
    throw error
  }
  const initMs = performance.now() - startedMs
  return {
    initMs,
    invoke: event => within(api.invoke(event), CALL_MS_MAX, 'the function does not answer'),
    output: () => output,
    [Symbol.asyncDispose]: close,
  }
}

interface Call {
  readonly id: string
  readonly event: unknown
  readonly resolve: (answer: unknown) => void
  readonly reject: (error: Error) => void
}

interface RuntimeApi {
  readonly server: ReturnType<typeof createServer>
  /** When the function asked for its first event. */
  readonly ready: Promise<void>
  invoke(event: unknown): Promise<unknown>
  /** Whoever waits is told. */
  fail(error: Error): void
}

function createRuntimeApi(): RuntimeApi {
  const waiting: Call[] = []
  const running = new Map<string, Call>()
  const ready = Promise.withResolvers<void>()
  let asking: ServerResponse | null = null
  let count = 0
  let broken: Error | null = null

  const give = (): void => {
    const call = asking === null ? undefined : waiting.shift()
    if (call === undefined) return
    running.set(call.id, call)
    asking?.writeHead(200, {
      // Without it the client waits for ever.
      'Content-Type': 'application/json',
      'Lambda-Runtime-Aws-Request-Id': call.id,
      'Lambda-Runtime-Deadline-Ms': String(Date.now() + CALL_MS_MAX),
      'Lambda-Runtime-Invoked-Function-Arn': 'arn:aws:lambda:us-east-1:111122223333:function:weir',
    })
    asking?.end(JSON.stringify(call.event))
    asking = null
  }
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const [, , , kind = '', id = '', what = ''] = (request.url ?? '').split('/')
    if (request.method === 'GET') {
      asking = response
      ready.resolve()
      give()
      return
    }
    const body = await text(request)
    response.writeHead(202).end()
    const call = running.get(id)
    running.delete(id)
    if (kind === 'init') ready.reject(new Error(`the function does not start: ${body}`))
    else if (what === 'response') call?.resolve(JSON.parse(body))
    else call?.reject(new Error(body))
  }
  return {
    server: createServer((request, response) => void answer(request, response)),
    ready: ready.promise,
    invoke: event =>
      new Promise((resolve, reject) => {
        if (broken !== null) return reject(broken)
        count += 1
        waiting.push({ id: `call-${count}`, event, resolve, reject })
        give()
      }),
    fail: error => {
      broken = error
      ready.reject(error)
      for (const call of [...waiting.splice(0), ...running.values()]) call.reject(error)
    },
  }
}

async function within<T>(work: Promise<T>, msMax: number, what: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what} within ${msMax} ms`)), msMax)
  })
  try {
    return await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}
