/** `weir quarantine repair FILE` tries a repair; `weir quarantine replay FILE` does it. */

import { readFileSync } from 'node:fs'
import { createChecker } from '../../engine/scan/check.ts'
import { createIngest } from '../../flow/ingest.ts'
import type {
  RejectSource,
  RepairOptions,
  ReplayOptions,
  ReplayReport,
} from '../../flow/repair/repair.ts'
import { runDryRun, runReplay } from '../../flow/repair/repair.ts'
import { toDryRunAnswer, toReplayAnswer } from '../../flow/repair/repair-answer.ts'
import type { Repair } from '../../repair/repair.ts'
import { openRepairBook, parseRepair } from '../../repair/repair.ts'
import { Fault, messageOf } from '../../std/fault.ts'
import { createBench } from '../running/bench.ts'
import { dataDirOf } from '../running/data-dir.ts'
import { beginAlone, openEmbedded } from '../running/embedded.ts'
import { waitUntilDigested } from '../running/import-target.ts'
import { openTopics } from '../running/open-log.ts'
import { findPeer } from '../running/peer.ts'
import { bookOptionsOf, toLocalSend, toPeerSend } from '../running/repairs.ts'
import { createVoice } from '../running/voice.ts'
import type { CommandContext } from '../terminal/command.ts'
import { assertData } from './ask.ts'
import { toDryRunLines, toReplayLines } from './quarantine-report.ts'
import { openSource } from './quarantine-source.ts'

/** Nothing is changed or sent. */
export async function runRepairCommand(context: CommandContext, path: string): Promise<number> {
  const { config, clock, terminal } = context
  const repair = readRepair(path)
  await using source = await openSource(context)
  const { catalog, plans } = config
  await using trial = await createBench(context)(clock)
  const options = await toOptions(context, repair, source)
  const report = await runDryRun({ ...options, ...trial, catalog, plans })
  if (context.isSet('json')) terminal.print(JSON.stringify(toDryRunAnswer(report)))
  else for (const line of toDryRunLines(report, path)) terminal.print(line)
  return 0
}

export async function runReplayCommand(context: CommandContext, path: string): Promise<number> {
  const { terminal } = context
  const repair = readRepair(path)
  const report = await replay(context, repair)
  terminal.progress(null)
  if (context.isSet('json')) terminal.print(JSON.stringify(toReplayAnswer(report)))
  else for (const line of toReplayLines(report, path)) terminal.print(line)
  return 0
}

/** To Kafka where the log is there; else to the Weir that runs; else to the log itself. */
async function replay(context: CommandContext, repair: Repair): Promise<ReplayReport> {
  const { config, clock, signal } = context
  if (config.kafka !== null) {
    await using source = await openSource(context)
    await using log = await openTopics(context, {
      onOutage: createVoice(context.terminal, 'kafka answers again').of('sending waits'),
    })
    const send = toLocalSend(createIngest({ log, catalog: config.catalog, clock }))
    return await runReplay(await toReplayOptions(context, { repair, source, send }))
  }
  const peer = await findPeer(dataDirOf(config.settings.data), signal)
  if (peer === null) return await replayAlone(context, repair)
  await using source = await openSource(context)
  const options = await toReplayOptions(context, { repair, source, send: toPeerSend(peer) })
  const report = await runReplay(options)
  await waitUntilDigested(context, peer)
  return report
}

/** Nothing else runs: the data directory is opened here, and closed when all is digested. */
async function replayAlone(context: CommandContext, repair: Repair): Promise<ReplayReport> {
  assertData(context)
  await using embedded = await openEmbedded(context)
  const end = await beginAlone(embedded, context.signal)
  const source: RejectSource = { rejects: question => embedded.store().rejects(question) }
  const send = toLocalSend(embedded.collector)
  const options = await toReplayOptions(context, { repair, source, send })
  const report = await runReplay({ ...options, signal: end.signal })
  end.throwIfFailed()
  await embedded.drain()
  return report
}

async function toOptions(
  context: CommandContext,
  repair: Repair,
  source: RejectSource,
): Promise<RepairOptions> {
  const { config, clock, signal } = context
  return {
    source,
    repair,
    book: openRepairBook(await bookOptionsOf(context)),
    check: createChecker(config.catalog),
    clock,
    signal,
  }
}

interface ReplayParts extends Pick<ReplayOptions, 'repair' | 'send'> {
  readonly source: RejectSource
}

async function toReplayOptions(
  context: CommandContext,
  parts: ReplayParts,
): Promise<ReplayOptions> {
  const { crash, terminal } = context
  return {
    ...(await toOptions(context, parts.repair, parts.source)),
    send: parts.send,
    onProgress: sentCount => terminal.progress(`${sentCount} events sent`),
    crash,
  }
}

function readRepair(path: string): Repair {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (cause) {
    const message = `repair ${path} cannot be read: ${messageOf(cause)}`
    throw new Fault('FILE_UNREADABLE', message, { cause })
  }
  return parseRepair(text, path)
}
