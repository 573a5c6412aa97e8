/** What a repair came to, as it is told on the wire; and a repair that is asked for there. */
import { toRejectAnswer } from '../../api/api.ts'
import type { RepairAnswer } from '../../api/contract.ts'
import type { Catalog } from '../../model/catalog.ts'
import type { MetricPlan } from '../../model/plan.ts'
import type { ItemCheck } from '../../model/verdict.ts'
import type { RepairBook } from '../../repair/repair.ts'
import { parseRepair } from '../../repair/repair.ts'
import { fromUtf8 } from '../../std/bytes.ts'
import type { Clock } from '../../std/clock.ts'
import type { AnswerStore } from '../../store/store.ts'
import type { DryRunReport, RepairCounts, ReplayOptions, ReplayReport } from './repair.ts'
import { runDryRun, runReplay } from './repair.ts'
import type { OpenTrialBench } from './trial.ts'

export interface RepairSources {
  readonly store: () => AnswerStore
  readonly book: RepairBook
  readonly send: ReplayOptions['send']
  readonly bench: OpenTrialBench
  readonly check: (item: Uint8Array, nowMs: number) => ItemCheck
  readonly catalog: Catalog
  readonly plans: readonly MetricPlan[]
  readonly clock: Clock
}

export type RunRepair = (
  document: string,
  isDryRun: boolean,
  signal: AbortSignal,
) => Promise<RepairAnswer>

/** Throws CONFIG_INVALID for a document that is wrong, and what the log throws. */
export function createRunRepair(sources: RepairSources): RunRepair {
  const { store, book, check, clock, catalog, plans, bench, send } = sources
  return async (document, isDryRun, signal) => {
    const repair = parseRepair(document, 'of the request')
    const source = {
      rejects: (question: Parameters<AnswerStore['rejects']>[0]) => store().rejects(question),
    }
    const options = { source, repair, book, check, clock, signal }
    if (!isDryRun) {
      const nothing = (): void => undefined
      return toReplayAnswer(
        await runReplay({ ...options, send, onProgress: nothing, crash: nothing }),
      )
    }
    await using trial = await bench(clock)
    return toDryRunAnswer(await runDryRun({ ...options, ...trial, catalog, plans }))
  }
}

export function toDryRunAnswer(report: DryRunReport): RepairAnswer {
  const { duplicates, examples, differences } = report
  return {
    dry_run: true,
    ...toCounts(report),
    resumed: null,
    sent: null,
    duplicates,
    examples: examples.map(({ reject, after }) => {
      return { before: toRejectAnswer(reject), after: fromUtf8(after) }
    }),
    metrics: differences.map(({ metric, atMost, isCut, rows }) => ({
      metric,
      at_most: atMost,
      is_cut: isCut,
      rows: rows.map(({ window_start, window_end, key, values }) => {
        return { window_start, window_end, key, values }
      }),
    })),
  }
}

export function toReplayAnswer(report: ReplayReport): RepairAnswer {
  const { resumed, sent } = report
  const none = { duplicates: null, examples: null, metrics: null }
  return { dry_run: false, ...toCounts(report), resumed, sent, ...none }
}

function toCounts(
  counts: RepairCounts,
): Pick<RepairAnswer, 'chosen' | 'repaired_before' | 'valid' | 'still_invalid' | 'unfit'> {
  return {
    chosen: counts.chosen,
    repaired_before: counts.repairedBefore,
    valid: counts.valid,
    still_invalid: counts.stillInvalid,
    unfit: counts.unfit,
  }
}
