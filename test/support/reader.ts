/**
 * Somebody who follows a page: a folder that looks like the checkout, in which commands are run one
 * after the other, and `npm start` or `weir start` stays up until the page ends.
 */
import type { ChildProcess } from 'node:child_process'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, readdir, symlink, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { delimiter, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { createPlace } from './place.ts'

export interface Ran {
  readonly exitCode: number | null
  /** stdout and stderr, as a terminal shows them. */
  readonly output: string
}

export interface Reader extends AsyncDisposable {
  readonly directory: string
  /** Runs the code of a `sh` block; one that starts a Weir returns when that is ready. */
  run(code: string): Promise<Ran>
  /** Puts what a page shows into a file, and gives its path. */
  write(name: string, code: string): Promise<string>
}

const ROOT = join(import.meta.dirname, '..', '..')
/** What a reader's folder has of its own. */
const OWN = ['.git', '.weir', 'dist', 'weir.config.ts']
const START = /^(npm start|(\.\/|npx )?weir start)\b/
const PORT_SHOWN = '127.0.0.1:8787'
const READY_MS_MAX = 30_000
const POLL_MS = 50

export async function createReader(): Promise<Reader> {
  const place = await createPlace()
  const { directory } = place
  for (const name of await readdir(ROOT)) {
    if (!OWN.includes(name)) await symlink(join(ROOT, name), join(directory, name))
  }
  const environment = await createEnvironment(directory)
  const port = await findFreePort()
  const toReal = (code: string): string => code.replaceAll(PORT_SHOWN, `127.0.0.1:${port}`)
  let started: Started | null = null
  const stop = async (): Promise<void> => {
    const stopping = started
    started = null
    await stopping?.stop()
  }
  const launch = (code: string): ChildProcess =>
    spawn('bash', ['-euo', 'pipefail', '-c', `exec 2>&1\n${toReal(code)}`], {
      cwd: directory,
      env: { ...environment, WEIR_PORT: String(port) },
      stdio: ['ignore', 'pipe', 'inherit'],
      detached: true,
    })
  return {
    directory,
    run: async code => {
      if (!START.test(code)) {
        const { exitCode, output } = await finish(launch(code))
        return { exitCode, output: output.replaceAll(`127.0.0.1:${port}`, PORT_SHOWN) }
      }
      await stop()
      started = await waitUntilStarted(launch(code), port)
      return { exitCode: 0, output: started.output() }
    },
    write: async (name, code) => {
      const path = join(directory, name)
      await writeFile(path, toReal(code))
      return path
    },
    [Symbol.asyncDispose]: async () => {
      try {
        await stop()
      } finally {
        await place[Symbol.asyncDispose]()
      }
    },
  }
}

/** `weir` is this checkout's, `node` the one that runs this; settings of outside are left out. */
async function createEnvironment(directory: string): Promise<NodeJS.ProcessEnv> {
  const bin = join(directory, '.bin')
  await mkdir(bin)
  const script = `#!/bin/sh\nexec "${process.execPath}" "${ROOT}/src/main/cli.ts" "$@"\n`
  await writeFile(join(bin, 'weir'), script, { mode: 0o755 })
  await symlink(process.execPath, join(bin, 'node'))
  const outside = Object.entries(process.env).filter(
    ([name]) => !name.startsWith('WEIR_') && !name.startsWith('VITEST'),
  )
  const path = [bin, process.env['PATH'] ?? ''].join(delimiter)
  return { ...Object.fromEntries(outside), PATH: path, NO_COLOR: '1' }
}

async function finish(child: ChildProcess): Promise<Ran> {
  const output = collect(child)
  await once(child, 'close')
  return { exitCode: child.exitCode, output: output() }
}

function collect(child: ChildProcess): () => string {
  let text = ''
  child.stdout?.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk
  })
  return () => text
}

interface Started {
  readonly output: () => string
  /** Interrupts it as Ctrl-C does, all of its processes at once. Throws if it ends badly. */
  stop(): Promise<void>
}

async function waitUntilStarted(child: ChildProcess, port: number): Promise<Started> {
  const output = collect(child)
  const closed = once(child, 'close')
  const signalAll = (signal: NodeJS.Signals): void => {
    if (child.exitCode === null) process.kill(-(child.pid ?? 0), signal)
  }
  for (let waitedMs = 0; !(await isReady(port)); waitedMs += POLL_MS) {
    if (child.exitCode !== null || waitedMs > READY_MS_MAX) {
      signalAll('SIGKILL')
      throw new Error(`it did not start:\n${output()}`)
    }
    await sleep(POLL_MS)
  }
  return {
    output,
    stop: async () => {
      signalAll('SIGINT')
      await closed
      // The shell and npm pass the interrupt on as their own end; Weir says that it has drained.
      if (!output().includes('weir: stopped')) {
        throw new Error(`it did not end well (${child.exitCode ?? child.signalCode}):\n${output()}`)
      }
    },
  }
}

async function isReady(port: number): Promise<boolean> {
  try {
    return (await fetch(`http://127.0.0.1:${port}/readyz`)).ok
  } catch {
    return false
  }
}

/** Of the many ports, one that was free a moment ago. */
async function findFreePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  if (address === null || typeof address === 'string') throw new Error('a server has a port')
  return address.port
}
