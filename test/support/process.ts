/** The product as processes of its own, as a user starts them; and what a client sees of one. */
import type { ChildProcess } from 'node:child_process'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { ResultRow } from '../../src/model/result.ts'
import type { OracleLedgerLine } from '../oracle/ledger.ts'

/** A process that goes on until it is ended. It is killed when its owner's scope ends. */
export interface WeirChild extends AsyncDisposable {
  /** Aborts when the process is gone, whatever ended it. */
  readonly gone: AbortSignal
  /** Resolves to its `http://127.0.0.1:PORT` once it is ready there; null: gone before that. */
  readonly ready: Promise<string | null>
  readonly pid: number
  /** What it has written so far. */
  stdout(): string
  stderr(): string
  /** Sends a signal, and waits for nothing. */
  signal(name: 'SIGSTOP' | 'SIGCONT'): void
  /** Ends it as a power cut would, and waits until it is gone. */
  kill(): Promise<void>
  /** Asks it to end, and waits; kills it where it takes longer than a user was promised. */
  stop(signal: 'SIGINT' | 'SIGTERM'): Promise<Ending>
  /** How it ended; null while it lives. */
  ending(): Ending | null
}

export interface WeirProcess extends WeirChild {
  readonly url: string
}

export interface Ending {
  /** `SIGKILL`, or `exit 1`. */
  readonly how: string
  /** The last of what it wrote. */
  readonly stdout: string
  readonly stderr: string
}

/** Environment variables; WEIR_ ones of the tests' own environment are not seen. */
export type Settings = { readonly [variable: string]: string }

export interface AuditAnswer {
  readonly balanced: boolean
  readonly partitions: readonly (OracleLedgerLine & { readonly lag: number })[]
}

const ROOT = join(import.meta.dirname, '..', '..')
export const CLI: string = join(ROOT, 'src', 'main', 'cli.ts')
const READY_MS_MAX = 30_000
const STOP_MS_MAX = 5_000
const CHARACTERS_MAX = 20_000_000
const POLL_MS = 20
const PAGE_ROWS = 100_000

/** Runs a command of the CLI to its end; SIGINT is sent when `when`, asked again, says so. */
export async function runWeir(
  words: readonly string[],
  settings: Settings = {},
  interrupt: { readonly when: () => boolean } | null = null,
): Promise<Ending> {
  const child = spawnCli(words, settings)
  const text = collect(child)
  const exit = once(child, 'close')
  if (interrupt !== null) {
    while (child.exitCode === null && !interrupt.when()) await sleep(POLL_MS)
    child.kill('SIGINT')
  }
  await exit
  return toEnding(child, text)
}

/**
 * Starts `weir start` on a data directory, on any free port, without synthetic visitors unless
 * `words` say otherwise.
 */
export function spawnWeir(
  directory: string,
  settings: Settings = {},
  words: readonly string[] = [],
): WeirChild {
  const start = ['start', '--port', '0', '--data', directory, '--traffic', '0']
  return spawnCommand([...start, ...words], settings)
}

/** Starts a command that goes on until it is ended, and tells where it answers. */
export function spawnCommand(words: readonly string[], settings: Settings = {}): WeirChild {
  const child = spawnCli(words, settings)
  const text = collect(child)
  const gone = new AbortController()
  child.once('close', () => gone.abort())
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    if (gone.signal.aborted) return
    const closed = once(child, 'close')
    child.kill(signal)
    await closed
  }
  return {
    gone: gone.signal,
    pid: child.pid ?? 0,
    ready: waitUntilReady(() => text.stderr, gone.signal),
    kill: () => end('SIGKILL'),
    stdout: () => text.stdout,
    stderr: () => text.stderr,
    signal: name => void child.kill(name),
    stop: async signal => {
      const overdue = setTimeout(() => child.kill('SIGKILL'), STOP_MS_MAX)
      // A terminal's Ctrl-C reaches weir and npm, and npm passes it on.
      if (signal === 'SIGINT') child.kill(signal)
      await end(signal)
      clearTimeout(overdue)
      return toEnding(child, text)
    },
    ending: () => (gone.signal.aborted ? toEnding(child, text) : null),
    [Symbol.asyncDispose]: () => end('SIGKILL'),
  }
}

/** Starts `weir start` and waits until it is ready. */
export async function startWeir(directory: string, settings: Settings = {}): Promise<WeirProcess> {
  return await whenReady(spawnWeir(directory, settings))
}

/** Throws, with what it wrote, where it is gone before it is ready. */
export async function whenReady(child: WeirChild): Promise<WeirProcess> {
  const url = await child.ready
  if (url !== null) return { ...child, url }
  await child.kill()
  const { how = '', stderr = '' } = child.ending() ?? {}
  throw new Error(`weir was never ready, ${how}:\n${stderr}`)
}

function spawnCli(words: readonly string[], settings: Settings): ChildProcess {
  const own = Object.entries(process.env).filter(([name]) => !name.startsWith('WEIR_'))
  return spawn(process.execPath, [CLI, ...words], {
    // Away from the checkout, whose weir.config.ts, if there is one, is not the test's.
    cwd: '/',
    env: { ...Object.fromEntries(own), ...settings },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
}

interface Output {
  stdout: string
  stderr: string
}

function collect(child: ChildProcess): Output {
  const text: Output = { stdout: '', stderr: '' }
  for (const name of ['stdout', 'stderr'] as const) {
    child[name]?.setEncoding('utf8').on('data', (chunk: string) => {
      text[name] = (text[name] + chunk).slice(-CHARACTERS_MAX)
    })
  }
  return text
}

function toEnding(child: ChildProcess, text: Output): Ending {
  return { how: child.signalCode ?? `exit ${child.exitCode}`, ...text }
}

/** The URL that the process tells on stderr, once it answers there; null: gone, or too late. */
async function waitUntilReady(stderr: () => string, gone: AbortSignal): Promise<string | null> {
  for (let waitedMs = 0; waitedMs < READY_MS_MAX && !gone.aborted; waitedMs += POLL_MS) {
    await sleep(POLL_MS)
    const [url] = /http:\/\/127\.0\.0\.1:\d+/.exec(stderr()) ?? []
    if (url === undefined) continue
    const status = await statusOf(`${url}/readyz`)
    if (status === 200) return url
  }
  return null
}

export async function statusOf(url: string): Promise<number> {
  try {
    const answer = await fetch(url)
    await answer.body?.cancel()
    return answer.status
  } catch {
    return 0
  }
}

/** Waits until all that the log holds is digested; gives the ledger as it is then. */
export async function waitUntilDigested(url: string): Promise<AuditAnswer> {
  for (let waitedMs = 0; waitedMs < READY_MS_MAX; waitedMs += POLL_MS) {
    const audit = (await readJsonFrom(`${url}/v1/audit`)) as AuditAnswer
    if (audit.partitions.every(({ lag }) => lag === 0)) return audit
    await sleep(POLL_MS)
  }
  throw new Error(`the log was not digested after ${READY_MS_MAX} ms`)
}

/** All rows of a metric, page by page. */
export async function readRows(url: string, metric: string): Promise<ResultRow[]> {
  const rows: ResultRow[] = []
  let cursor = ''
  do {
    const question = `/v1/metrics/${metric}?limit=${PAGE_ROWS}${cursor}`
    const page = (await readJsonFrom(url + question)) as { rows: ResultRow[]; next: string | null }
    rows.push(...page.rows)
    cursor = page.next === null ? '' : `&cursor=${encodeURIComponent(page.next)}`
  } while (cursor !== '')
  return rows
}

export async function readJsonFrom(url: string): Promise<unknown> {
  // A recount takes longer than a server keeps a connection: the end of it is let in first.
  await sleep(1)
  const answer = await fetch(url)
  const text = await answer.text()
  if (!answer.ok) throw new Error(`${url} answered ${answer.status}: ${text}`)
  return JSON.parse(text)
}
