/**
 * Reading the board from the API: the ledger, and the newest windows of each metric.
 */

import type { AuditAnswer } from '../../../src/api/contract.ts'
import type { Result } from '../../../src/model/result.ts'
import type { Board, MetricName, Part } from './board.ts'
import { METRIC_NAMES, toFailed, toMetricRows, toReady, WINDOWS_MAX } from './board.ts'
import { parseAudit, parseResult } from './wire.ts'

const ROWS_READ_MAX = 5_000

/** Answers a path below the page's own address; rejects where it cannot. */
export type Get = (path: string) => Promise<unknown>

export interface Reading {
  readonly board: Board
  /** Why the server did not answer; null: it did. */
  readonly failure: string | null
}

/**
 * The ledger first: where it cannot be read, the server is not there, and nothing else is asked; nor
 * where it is `known`, the very value of an earlier reading: then nothing was committed since.
 */
export async function readBoard(get: Get, board: Board, known: unknown = null): Promise<Reading> {
  const audit = await readAudit(get, board)
  const failure = failureOf(audit)
  if (failure !== null) return { board, failure }
  if (audit.kind === 'ready' && audit.value === known) return { board, failure: null }
  const metrics = await Promise.all(METRIC_NAMES.map(name => readMetric(get, name, board)))
  return {
    board: {
      ...board,
      metrics: { ...board.metrics, ...Object.fromEntries(metrics) },
      audit,
    },
    failure: null,
  }
}

export function readAudit(get: Get, board: Board): Promise<Part<AuditAnswer>> {
  return attempt(board.audit, async () => parseAudit(await get('v1/audit')))
}

/** The newest windows of a metric; of more rows than the page reads, those of the newest. */
export async function readNewest(get: Get, name: MetricName): Promise<Result> {
  const path = `v1/metrics/${name}?last=${WINDOWS_MAX[name]}&limit=${ROWS_READ_MAX}`
  return parseResult(await get(path))
}

async function readMetric(
  get: Get,
  name: MetricName,
  board: Board,
): Promise<readonly [MetricName, Board['metrics'][MetricName]]> {
  const part = await attempt(board.metrics[name], async () =>
    toMetricRows(name, await readNewest(get, name)),
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
