/**
 * Reading the board from the API: the ledger, the newest rows of each metric, the newest rejects.
 * The API gives rows oldest first from a start on, so the page looks
 * back from progress, further and further until it has enough; an import of years ago is then
 * found as well as the last minute of a busy shop.
 */

import type { AuditAnswer } from '../../../src/api/contract.ts'
import type { Result } from '../../../src/model/result.ts'
import { DAY_MS, HOUR_MS } from '../../../src/std/units.ts'
import { toInstant, toWireTime } from '../text/times.ts'
import type { Board, MetricName, Part } from './board.ts'
import { METRIC_NAMES, REJECTS_MAX, toFailed, toMetricRows, toReady, WINDOWS_MAX } from './board.ts'
import { windowStarts } from './rows.ts'
import { parseAudit, parseRejects, parseResult } from './wire.ts'

/** null: from the very first window on. */
const LOOKBACKS_MS: { readonly [Name in MetricName]: readonly (number | null)[] } = {
  sales_daily: [8 * DAY_MS, null],
  unique_users_daily: [8 * DAY_MS, null],
  events_per_minute: [HOUR_MS, 6 * HOUR_MS, 2 * DAY_MS, null],
  top_products: [null],
  searches: [2 * HOUR_MS, DAY_MS, null],
}

/** Windows after which looking further back is not worth a question. */
const WINDOWS_ENOUGH: { readonly [Name in MetricName]: number } = {
  ...WINDOWS_MAX,
  sales_daily: 1,
  unique_users_daily: 1,
}

export const ROWS_READ_MAX = 5_000

/** Answers a path below the page's own address; rejects where it cannot. */
export type Get = (path: string) => Promise<unknown>

export interface Reading {
  readonly board: Board
  /** Why the server did not answer; null: it did. */
  readonly failure: string | null
}

/** The ledger first: its progress tells where the newest windows are. */
export async function readBoard(get: Get, board: Board): Promise<Reading> {
  const audit = await readAudit(get, board)
  const failure = failureOf(audit)
  if (failure !== null) return { board, failure }
  const progressMs = audit.kind === 'ready' ? toInstant(audit.value.progress) : null
  const [metrics, rejects] = await Promise.all([
    Promise.all(METRIC_NAMES.map(name => readMetric(get, name, progressMs, board))),
    attempt(board.rejects, async () =>
      parseRejects(await get(`v1/quarantine?limit=${REJECTS_MAX}`)),
    ),
  ])
  return {
    board: {
      ...board,
      metrics: { ...board.metrics, ...Object.fromEntries(metrics) },
      audit,
      rejects,
    },
    failure: null,
  }
}

export function readAudit(get: Get, board: Board): Promise<Part<AuditAnswer>> {
  return attempt(board.audit, async () => parseAudit(await get('v1/audit')))
}

/** The newest rows of a metric; of a reading that was cut, rows that are not the newest. */
export async function readNewest(
  get: Get,
  name: MetricName,
  progressMs: number | null,
): Promise<Result> {
  let best: Result | null = null
  for (const lookbackMs of LOOKBACKS_MS[name]) {
    if (lookbackMs !== null && progressMs === null) continue
    const result = parseResult(await get(toPath(name, lookbackMs, progressMs)))
    // Cut at the limit, it holds the oldest rows of its range: the shorter look back was better.
    if (result.next !== null && best !== null) return best
    best = result
    if (result.next !== null || windowStarts(result.rows).length >= WINDOWS_ENOUGH[name]) break
  }
  return best ?? { metric: name, zone: 'UTC', rows: [], next: null }
}

function toPath(name: MetricName, lookbackMs: number | null, progressMs: number | null): string {
  const path = `v1/metrics/${name}?limit=${ROWS_READ_MAX}`
  if (lookbackMs === null || progressMs === null) return path
  return `${path}&from=${toWireTime(Math.max(0, progressMs - lookbackMs))}`
}

async function readMetric(
  get: Get,
  name: MetricName,
  progressMs: number | null,
  board: Board,
): Promise<readonly [MetricName, Board['metrics'][MetricName]]> {
  const part = await attempt(board.metrics[name], async () =>
    toMetricRows(name, await readNewest(get, name, progressMs)),
  )
  return [name, part]
}

async function attempt<T>(part: Part<T>, read: () => Promise<T>): Promise<Part<T>> {
  try {
    return toReady(await read())
  } catch (error) {
    return toFailed(part, toMessage(error))
  }
}

function failureOf(audit: Part<AuditAnswer>): string | null {
  if (audit.kind === 'failed') return audit.message
  return audit.kind === 'ready' ? audit.problem : null
}

function toMessage(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
