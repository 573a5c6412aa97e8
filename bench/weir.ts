/** Weir as a process of its own, and what it takes of the machine, as /proc tells. */
import type { ChildProcess } from 'node:child_process'
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { setTimeout as sleep } from 'node:timers/promises'

const WEIR = join(import.meta.dirname, '..', 'src', 'main', 'bin.ts')

export interface Usage {
  readonly rssMib: number
  /** The most that it ever held. */
  readonly rssPeakMib: number
  readonly cpuSeconds: number
}

export interface Running extends AsyncDisposable {
  readonly url: string
  /** From the start of the process until it said that it is ready. */
  readonly readySeconds: number
  usage(): Usage
}

const POLL_MS = 50
const READY_MS_MAX = 120_000
/** Linux counts CPU time in hundredths of a second. */
const TICKS_PER_SECOND = 100

/** Runs a script with this Node; gives what its last line of JSON says. */
export async function runScript(script: string, ...words: readonly string[]): Promise<unknown> {
  const path = join(import.meta.dirname, script)
  const child = spawn(process.execPath, [path, ...words], { stdio: ['ignore', 'pipe', 'inherit'] })
  const text = collect(child.stdout)
  const [code] = await once(child, 'close')
  if (code !== 0) throw new Error(`${script} ${words.join(' ')} ended with ${code}`)
  return text.all === '' ? null : JSON.parse(text.all)
}

/**
 * Runs a command of Weir to its end; gives what it took, as of shortly before that, and a hash of
 * what it said.
 */
export async function runWeir(
  words: readonly string[],
): Promise<Usage & { readonly seconds: number; readonly sha256: string }> {
  const startMs = performance.now()
  const child = spawnWeir(words)
  const errors = collect(child.stderr)
  const said = createHash('sha256')
  child.stdout?.on('data', chunk => said.update(chunk))
  const ended = once(child, 'close').then(([code]) => code as number | null)
  let usage: Usage = { rssMib: 0, rssPeakMib: 0, cpuSeconds: 0 }
  while (child.exitCode === null && child.signalCode === null) {
    usage = usageOf(child.pid) ?? usage
    await sleep(POLL_MS)
  }
  const seconds = (performance.now() - startMs) / 1000
  const code = await ended
  if (code !== 0) throw new Error(`weir ${words.join(' ')} ended with ${code}:\n${errors.all}`)
  return { ...usage, seconds, sha256: said.digest('hex') }
}

/** Starts `weir start` on a data directory, without visitors, and waits until it is ready. */
export function startWeir(directory: string, flags: readonly string[] = []): Promise<Running> {
  const words = ['start', '--traffic', '0', '--port', '0', '--data', directory, ...flags]
  return startProcess(words, /POST (http:\S+)\/v1\/events/)
}

/** Starts a command, and waits until it has said what `ready` looks for: its URL. */
export async function startProcess(words: readonly string[], ready: RegExp): Promise<Running> {
  const startMs = performance.now()
  const child = spawnWeir(words)
  child.stdout?.resume()
  const text = collect(child.stderr)
  const gone = once(child, 'close')
  const end = async (): Promise<void> => {
    child.kill('SIGINT')
    await gone
  }
  while (performance.now() - startMs < READY_MS_MAX && child.exitCode === null) {
    const url = ready.exec(text.all)?.[1]
    if (url !== undefined) {
      const readySeconds = (performance.now() - startMs) / 1000
      const usage = (): Usage => {
        const now = usageOf(child.pid)
        if (now === null) throw new Error(`weir ended:\n${text.all}`)
        return now
      }
      return { url, readySeconds, usage, [Symbol.asyncDispose]: end }
    }
    await sleep(POLL_MS)
  }
  await end()
  throw new Error(`weir ${words[0]} was not ready:\n${text.all}`)
}

function spawnWeir(words: readonly string[]): ChildProcess {
  const own = Object.entries(process.env).filter(([name]) => !name.startsWith('WEIR_'))
  return spawn(process.execPath, [WEIR, ...words], {
    cwd: '/',
    env: Object.fromEntries(own),
    stdio: ['ignore', 'pipe', 'pipe'],
  })
}

function collect(stream: ChildProcess['stdout']): { all: string } {
  const text = { all: '' }
  stream?.setEncoding('utf8').on('data', (chunk: string) => {
    text.all += chunk
  })
  return text
}

/** null: the process is gone. */
export function usageOf(pid: number | undefined): Usage | null {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8')
    const mibOf = (name: string): number =>
      Number(new RegExp(`${name}:\\s+(\\d+) kB`).exec(status)?.[1]) / 1024
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    const cpuSeconds = (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND
    const usage = { rssMib: mibOf('VmRSS'), rssPeakMib: mibOf('VmHWM'), cpuSeconds }
    return Number.isNaN(usage.rssMib) ? null : usage
  } catch {
    return null
  }
}
