/**
 * moto, a server that answers as AWS does. It is good for what it records; what it gets wrong, such
 * as the tokens of starts, is in ../control-plane.ts.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { findFreePorts } from '../../../../scripts/kafka/ports.ts'
import { lastLinesOf, startWatched } from '../../../../scripts/watched.ts'
import { resolveTools } from './tools.ts'

export interface Moto extends AsyncDisposable {
  readonly endpoint: string
}

const READY_MS_MAX = 60_000
const POLL_MS = 100

/** Resolves when it answers. */
export async function startMoto(): Promise<Moto> {
  const program = join(await resolveTools(), 'moto_server')
  const [port = 0] = await findFreePorts(1)
  const directory = await mkdtemp(join(tmpdir(), 'weir-moto-'))
  const output = join(directory, 'server.log')
  const command = [program, '-H', '127.0.0.1', '-p', String(port)]
  const child = startWatched({ command, output, removed: directory })
  const endpoint = `http://127.0.0.1:${port}`
  const stop = async (): Promise<void> => {
    await child.kill('SIGKILL')
    await rm(directory, { recursive: true, force: true })
  }
  const deadline = performance.now() + READY_MS_MAX
  while (!(await isReady(endpoint))) {
    if (!child.isAlive || performance.now() > deadline) {
      const said = lastLinesOf(output)
      await stop()
      throw new Error(`moto did not start: ${said}`)
    }
    await sleep(POLL_MS)
  }
  return { endpoint, [Symbol.asyncDispose]: stop }
}

async function isReady(endpoint: string): Promise<boolean> {
  try {
    const response = await fetch(`${endpoint}/moto-api/data.json`)
    await response.arrayBuffer()
    return response.ok
  } catch {
    return false
  }
}
