/** `weir rebuild`: metrics recounted from the lake, and put in place of what is published. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { createInterface } from 'node:readline/promises'
import type { RebuildRequest } from '../../api/rebuilds.ts'
import type { RebuildReport } from '../../flow/rebuild/rebuild.ts'
import { Fault } from '../../std/fault.ts'
import { dataDirOf, readSecret } from '../running/data-dir.ts'
import { beginAlone, openEmbedded } from '../running/embedded.ts'
import { parseRange } from '../running/lake.ts'
import { findPeer } from '../running/peer.ts'
import { rebuildPlace } from '../running/rebuild-place.ts'
import {
  askRebuild,
  checkMetrics,
  nameRebuild,
  recordsOf,
  runRebuildOf,
} from '../running/rebuilds.ts'
import type { Command, CommandContext } from '../terminal/command.ts'
import { assertData } from './ask.ts'
import { toRebuildLines } from './rebuild-report.ts'

export const rebuildCommand: Command = {
  name: 'rebuild',
  about: 'recounts metrics from the lake, and puts them in place of what is published',
  positionals: [],
  flags: {
    metric: { value: 'NAME', about: 'only this metric, or these; else all', isMultiple: true },
    from: { value: 'TIME', about: 'windows that begin at this time or later; else everything' },
    to: { value: 'TIME', about: 'windows that begin before this time' },
    'dry-run': { value: null, about: 'shows what would change, and changes nothing' },
    yes: { value: null, about: 'changes it without asking' },
    json: { value: null, about: 'what changes as JSON' },
  },
  settings: ['data', 'archive'],
  examples: [
    'weir rebuild --dry-run',
    'weir rebuild --metric sales_daily --yes',
    'weir rebuild --from 2024-09-01 --to 2024-10-01 --metric sales_daily --metric top_products',
  ],
  run: async context => {
    const request = parseRequest(context)
    assertMayChange(context)
    if (context.isSet('dry-run')) {
      print(context, await rebuild(context, { ...request, mode: 'try' }))
      return 0
    }
    if (!context.isSet('yes')) {
      const tried = await rebuild(context, { ...request, mode: 'try' })
      if (!(await isWanted(context, tried))) return 0
    }
    print(context, await rebuild(context, { ...request, mode: 'swap' }))
    return 0
  },
}

function parseRequest(context: CommandContext): Omit<RebuildRequest, 'mode'> {
  const range = parseRange(context)
  const names = context.flags('metric')
  const metrics = names.length === 0 ? null : names
  checkMetrics(context, metrics)
  return { fromMs: range?.fromMs ?? null, toMs: range?.toMs ?? null, metrics }
}

/** Throws USAGE where nobody can be asked, and nothing says what to do. */
function assertMayChange({ isSet }: CommandContext): void {
  if (isSet('dry-run') || isSet('yes') || canAsk()) return
  throw new Fault(
    'USAGE',
    'weir rebuild changes what is published, and nobody can be asked here; say --yes, or look ' +
      'first with --dry-run',
  )
}

function canAsk(): boolean {
  return process.stdin.isTTY && process.stderr.isTTY
}

async function isWanted(context: CommandContext, tried: RebuildReport): Promise<boolean> {
  const { terminal, signal } = context
  for (const line of toRebuildLines(tried)) terminal.talk(line)
  const lines = createInterface({ input: process.stdin, output: process.stderr })
  try {
    const answer = await lines.question('put them in place? [y/N] ', { signal })
    return /^y(es)?$/i.test(answer.trim())
  } finally {
    lines.close()
  }
}

function print({ terminal, isSet }: CommandContext, report: RebuildReport): void {
  if (isSet('json')) terminal.print(JSON.stringify(report))
  else for (const line of toRebuildLines(report)) terminal.print(line)
}

/** By the Weir that runs on the data directory; else, or where processes run apart, here. */
async function rebuild(context: CommandContext, request: RebuildRequest): Promise<RebuildReport> {
  if (isApart(context)) return await rebuildPlace(context, request)
  const peer = await findPeer(dataDirOf(context.config.settings.data), context.signal)
  return peer === null
    ? await rebuildAlone(context, request)
    : await askRebuild(context, peer, request)
}

/** The store of a process that does everything. */
const STORE = 'weir.duckdb'

/** Whether processes run apart: then no store lies in the data directory. */
function isApart({ config }: CommandContext): boolean {
  return config.kafka !== null && !existsSync(join(dataDirOf(config.settings.data).store, STORE))
}

/** The data directory is opened here, and what is in the log is counted on meanwhile. */
async function rebuildAlone(
  context: CommandContext,
  request: RebuildRequest,
): Promise<RebuildReport> {
  assertData(context)
  const { config, terminal } = context
  const directory = dataDirOf(config.settings.data)
  await using embedded = await openEmbedded(context)
  const end = await beginAlone(embedded, context.signal)
  const report = await runRebuildOf(context, request, {
    rebuild: nameRebuild(context),
    secret: readSecret(directory),
    records: recordsOf(directory),
    audit: () => embedded.store().audit(),
    hold: embedded.hold,
    onProgress: text => terminal.progress(text),
    onSwap: () => undefined,
    signal: end.signal,
  })
  terminal.progress(null)
  end.throwIfFailed()
  return report
}
