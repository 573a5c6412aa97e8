/** The product as a process of its own, as a user starts it; and what a client sees of it. */
import type { ChildProcess } from 'node:child_process'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { ResultRow } from '../../src/model/result.ts'
import type { OracleLedgerLine } from '../oracle/ledger.ts'

export interface WeirProcess extends AsyncDisposable {
  readonly pid: number
  /** `http://127.0.0.1:PORT`. */
  readonly url: string
  /** Aborts when the process is gone, whatever ended it. */
  readonly gone: AbortSignal
  /** Ends it as a power cut would, and waits until it is gone. */
  kill(): Promise<void>
  /** How it ended and what it last wrote to stderr; null while it lives. */
  ending(): Ending | null
}

export interface Ending {
  /** `SIGKILL`, or `exit 1`. */
  readonly how: string
  readonly stderr: string
}

export interface AuditAnswer {
  readonly balanced: boolean
  readonly partitions: readonly (OracleLedgerLine & { readonly lag: number })[]
}

const ROOT = join(import.meta.dirname, '..', '..')
const READY_MS_MAX = 30_000
const STDERR_CHARACTERS_MAX = 20_000
const POLL_MS = 20
const PAGE_ROWS = 100_000

/**
 * Starts `weir start` on a data directory and waits until it is ready; null: it was killed before.
 * `settings` are environment variables. The child is killed when the caller's scope ends.
 */
export async function startWeir(
  directory: string,
  settings: { readonly [variable: string]: string } = {},
): Promise<WeirProcess | null> {
  const flags = ['start', '--port', '0', '--data', directory, '--traffic', '0']
  const child = spawn(process.execPath, [join(ROOT, 'src', 'main', 'cli.ts'), ...flags], {
    cwd: ROOT,
    env: { ...process.env, ...settings },
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  const gone = new AbortController()
  child.once('exit', () => gone.abort())
  const kill = async (): Promise<void> => {
    if (gone.signal.aborted) return
    const exit = once(child, 'exit')
    child.kill('SIGKILL')
    await exit
  }
  const stderr = collectStderr(child)
  const ending = (): Ending | null => {
    if (!gone.signal.aborted) return null
    return { how: child.signalCode ?? `exit ${child.exitCode}`, stderr: stderr() }
  }
  const url = await waitUntilReady(stderr, gone.signal)
  if (url === null) {
    if (ending()?.how === 'SIGKILL') return null
    const how = ending()?.how ?? `${READY_MS_MAX} ms`
    await kill()
    throw new Error(`weir was not ready after ${how}:\n${stderr()}`)
  }
  const pid = child.pid ?? 0
  return { pid, url, gone: gone.signal, kill, ending, [Symbol.asyncDispose]: kill }
}

function collectStderr(child: ChildProcess): () => string {
  let text = ''
  child.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
    text = (text + chunk).slice(-STDERR_CHARACTERS_MAX)
  })
  return () => text
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

async function statusOf(url: string): Promise<number> {
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

async function readJsonFrom(url: string): Promise<unknown> {
  const answer = await fetch(url)
  const text = await answer.text()
  if (!answer.ok) throw new Error(`${url} answered ${answer.status}: ${text}`)
  return JSON.parse(text)
}
