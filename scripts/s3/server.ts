/**
 * An S3 server on loopback, for people who develop Weir and for its tests. No container is needed,
 * only Go the first time. Nothing is left of it when the process that started it ends, in whatever
 * way, but the data that were to be kept.
 */
import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { findFreePorts, isFree } from '../kafka/ports.ts'
import type { WatchedProcess } from '../watched.ts'
import { lastLinesOf, startWatched } from '../watched.ts'
import { resolveGateway } from './gateway.ts'

export interface S3Options {
  /** Keeps the data, for a later start; absent: a temporary directory. */
  readonly directory?: string
  /** Absent: any that is free. */
  readonly port?: number
  /** Absent: random ones. */
  readonly accessKeyId?: string
  readonly secretAccessKey?: string
  /** Made if missing. */
  readonly buckets?: readonly string[]
  /** Told when the server is built first, which takes minutes. */
  readonly onBuild?: () => void
  /** Calls the start off, and throws its reason. */
  readonly signal?: AbortSignal
}

/** Where a server is, and how to be let in. */
export interface S3Access {
  readonly endpoint: string
  readonly region: string
  readonly accessKeyId: string
  readonly secretAccessKey: string
}

export interface S3Server extends AsyncDisposable {
  readonly access: S3Access
  /** A bucket is a directory below it. */
  readonly directory: string
  readonly output: string
  readonly isAlive: boolean
  /** Ends it, and removes a temporary directory. A second call does nothing. */
  stop(): Promise<void>
}

const REGION = 'us-east-1'
const FLAGS = ['--region', REGION, '--quiet']
const READY_MS_MAX = 20_000
const POLL_MS = 20

/** Resolves when it answers. Throws an Error that tells what to install, or what it printed. */
export async function startS3(options: S3Options = {}): Promise<S3Server> {
  const program = await resolveGateway(options.onBuild)
  const [free = 0] = await findFreePorts(1)
  const port = options.port ?? free
  if (!(await isFree(port))) throw new Error(`port ${port} is taken`)
  const isKept = options.directory !== undefined
  const root = resolve(options.directory ?? (await mkdtemp(join(tmpdir(), 'weir-s3-'))))
  const [directory, output] = [join(root, 'buckets'), join(root, 'server.log')]
  for (const bucket of ['', ...(options.buckets ?? [])]) {
    await mkdir(join(directory, bucket), { recursive: true })
  }
  const access: S3Access = {
    endpoint: `http://127.0.0.1:${port}`,
    region: REGION,
    accessKeyId: options.accessKeyId ?? randomBytes(10).toString('hex'),
    secretAccessKey: options.secretAccessKey ?? randomBytes(20).toString('hex'),
  }
  const child = startWatched({
    command: [program, '--port', `127.0.0.1:${port}`, ...FLAGS, 'posix', directory],
    environment: { ROOT_ACCESS_KEY: access.accessKeyId, ROOT_SECRET_KEY: access.secretAccessKey },
    output,
    removed: isKept ? null : root,
  })
  const stop = async (): Promise<void> => {
    await child.kill(isKept ? 'SIGTERM' : 'SIGKILL')
    if (!isKept) await rm(root, { recursive: true, force: true, maxRetries: 5 })
  }
  try {
    await waitUntilReady(child, access.endpoint, output, options.signal)
  } catch (error) {
    await stop()
    throw error
  }
  return {
    access,
    directory,
    output,
    get isAlive() {
      return child.isAlive
    },
    stop,
    [Symbol.asyncDispose]: stop,
  }
}

/** It answers a stranger with 403. */
async function waitUntilReady(
  child: WatchedProcess,
  endpoint: string,
  output: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  for (let waitedMs = 0; waitedMs < READY_MS_MAX && child.isAlive; waitedMs += POLL_MS) {
    signal?.throwIfAborted()
    const answer = await fetch(endpoint).catch(() => null)
    await answer?.body?.cancel()
    if (answer?.status === 403) return
    await sleep(POLL_MS)
  }
  const what = child.isAlive ? `was not ready after ${READY_MS_MAX} ms` : 'ended'
  const lines = existsSync(output) ? lastLinesOf(output) : ''
  throw new Error(`the S3 server at ${endpoint} ${what}; its last lines:\n${lines}`)
}
