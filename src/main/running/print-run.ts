/** What a run counted, for people and for programs. */
import type { RunOptions } from '../../flow/batch.ts'
import { createRowMaker } from '../../model/answer.ts'
import type { ObjectStore } from '../../model/object-store.ts'
import type { Result } from '../../model/result.ts'
import { present } from '../../std/assert.ts'
import { readRun, readRunGroups } from '../../store/results/runs.ts'
import type { CommandContext } from '../terminal/command.ts'
import { toResultLines } from '../terminal/results.ts'

const ROWS_SHOWN = 10
const DATE_LENGTH = 10

export interface Printed {
  readonly objects: ObjectStore
  readonly run: string
  /** Of the lake. */
  readonly bounds: RunOptions['bounds']
}

/** All windows, the open ones too. With --json one object: `run`, and `results` as of the API. */
export async function printRun(
  context: CommandContext,
  { objects, run, bounds }: Printed,
): Promise<void> {
  const { terminal } = context
  const results = await readResults(context, objects, run)
  if (results.every(({ rows }) => rows.length === 0)) {
    const [first, last] = [bounds.fromMs, bounds.toMs - 1].map(timeMs => toDate(timeMs))
    terminal.talk(
      `weir: nothing was counted: no window that begins in the range has an event; the lake has ` +
        `events of ${first} to ${last}`,
    )
  }
  if (context.isSet('json')) {
    terminal.print(JSON.stringify({ run, results }))
    return
  }
  for (const { metric, rows } of results) {
    terminal.print('')
    terminal.print(`${metric}: ${rows.length} rows`)
    if (rows.length === 0) continue
    for (const line of toResultLines(rows.slice(0, ROWS_SHOWN))) terminal.print(`  ${line}`)
    if (rows.length > ROWS_SHOWN) terminal.print(`  … ${rows.length - ROWS_SHOWN} more`)
  }
}

function toDate(timeMs: number): string {
  return new Date(timeMs).toISOString().slice(0, DATE_LENGTH)
}

async function readResults(
  { config }: CommandContext,
  objects: ObjectStore,
  run: string,
): Promise<readonly Result[]> {
  const manifest = present(await readRun(objects, run), `run ${run}`)
  const context = { progress: manifest.progress, partialUntilMs: null, source: run }
  const results: Result[] = []
  for (const plan of config.plans) {
    const groups = await readRunGroups(objects, manifest, plan)
    if (groups === null) continue
    const rows = groups.map(createRowMaker(plan, context))
    results.push({ metric: plan.name, zone: plan.zone, rows, next: null })
  }
  return results
}
