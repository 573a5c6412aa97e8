/**
 * A machine that is none: user data runs under bash with a root of its own, instance metadata over
 * HTTP, and on its path programs that only write down that they were called, so `shutdown` ends
 * nothing and `dnf` installs nothing.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { chmod, mkdir, symlink, writeFile } from 'node:fs/promises'
import type { Server } from 'node:http'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'

export interface MachineOptions {
  /** Empty, and of this machine alone. */
  readonly directory: string
  /** By the path after `latest/meta-data/`. */
  readonly metadata: { readonly [path: string]: string }
  /** Texts of programs on its path, by name, besides those that write down; of another: a path. */
  readonly programs: { readonly [name: string]: string }
  readonly environment: { readonly [name: string]: string }
  /** The file of its user data; absent: as it is before a stack writes above it. */
  readonly script?: string
}

export interface Ended {
  readonly code: number | null
  /** Calls of the programs that write down, in order: `shutdown -h now`. */
  readonly calls: readonly string[]
  /** What was printed before the script took over. */
  readonly output: string
}

const SCRIPT = join(import.meta.dirname, '..', '..', 'user-data', 'run.sh')
const WRITING_DOWN = ['dnf', 'shutdown']
const RUN_MS_MAX = 300_000

/** Where the script keeps its files. */
export function rootOf(directory: string): string {
  return join(directory, 'root')
}

/** Runs the user data to its end. */
export async function runUserData(options: MachineOptions): Promise<Ended> {
  const { directory, environment, script = SCRIPT } = options
  const [bin, calls] = [join(directory, 'bin'), join(directory, 'calls')]
  await mkdir(bin, { recursive: true })
  for (const name of WRITING_DOWN) {
    await install(bin, name, `#!/bin/bash\necho "${name} $*" >>'${calls}'\n`)
  }
  for (const [name, text] of Object.entries(options.programs)) await install(bin, name, text)
  const server = await serveMetadata(options.metadata)
  try {
    const child = spawn('bash', [script], {
      env: {
        PATH: `${bin}:${process.env['PATH'] ?? ''}`,
        HOME: directory,
        WEIR_ROOT: rootOf(directory),
        WEIR_METADATA: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
        ...environment,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: RUN_MS_MAX,
    })
    let output = ''
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (bytes: Buffer) => {
        output += bytes.toString()
      })
    }
    const [code] = (await once(child, 'close')) as [number | null]
    const lines = existsSync(calls) ? readFileSync(calls, 'utf8').trimEnd().split('\n') : []
    return { code, calls: lines, output }
  } finally {
    server.closeAllConnections()
    server.close()
  }
}

async function install(bin: string, name: string, text: string): Promise<void> {
  const path = join(bin, name)
  if (text.startsWith('/')) return await symlink(text, path)
  await writeFile(path, text)
  await chmod(path, 0o755)
}

/** IMDSv2: nothing is told without a token, which a PUT gives. */
async function serveMetadata(metadata: MachineOptions['metadata']): Promise<Server> {
  const token = 'a-token-of-the-session'
  const server = createServer(({ method, url = '', headers }, response) => {
    const found = metadata[url.replace('/latest/meta-data/', '')]
    if (method === 'PUT' && url === '/latest/api/token') {
      const hasTtl = headers['x-aws-ec2-metadata-token-ttl-seconds'] !== undefined
      return response.writeHead(hasTtl ? 200 : 400).end(token)
    }
    const isAllowed = headers['x-aws-ec2-metadata-token'] === token
    if (!isAllowed) return response.writeHead(401).end()
    return found === undefined ? response.writeHead(404).end() : response.end(found)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return server
}
