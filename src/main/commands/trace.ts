/** `weir trace`: what became of an event. Beside a running Weir it asks that. */
import type { TraceAnswer, TraceCopy } from '../../api/contract.ts'
import { createChecker } from '../../engine/scan/check.ts'
import type { TraceQuestion } from '../../flow/trace/trace.ts'
import { createTrace } from '../../flow/trace/trace.ts'
import { toMillisecondText } from '../../model/time.ts'
import { openRepairView } from '../../repair/repair.ts'
import { Fault } from '../../std/fault.ts'
import { createBench, openTraceLake } from '../running/bench.ts'
import { dataDirOf } from '../running/data-dir.ts'
import type { Peer } from '../running/peer.ts'
import { findPeer } from '../running/peer.ts'
import { bookOptionsOf } from '../running/repairs.ts'
import type { Command, CommandContext } from '../terminal/command.ts'
import { parseTimeFlag } from '../terminal/flags.ts'
import { toTable, toValueText } from '../terminal/table.ts'
import { toSafeText } from '../terminal/terminal.ts'
import { openAnswers, openLogOf } from './ask.ts'

export const traceCommand: Command = {
  name: 'trace',
  about: 'shows what became of an event: its copies, verdicts, objects and windows',
  positionals: ['EVENT_ID'],
  flags: {
    from: { value: 'TIME', about: 'copies that arrived at this time or later (two days back)' },
    to: { value: 'TIME', about: 'copies that arrived before this time (now)' },
    user: { value: 'USER_ID', about: 'whose event it is: fewer partitions are looked through' },
    json: { value: null, about: 'the answer of the API' },
  },
  settings: ['data', 'results', 'archive'],
  examples: ['weir trace e1004', 'weir trace e1004 --user u5678 --from 2024-09-01 --to 2024-09-04'],
  /** 1 where there is no such event. */
  run: async context => {
    const { config, signal, terminal } = context
    const question = parseQuestion(context)
    const peer = await findPeer(dataDirOf(config.settings.data), signal)
    const answer =
      peer === null ? await traceAlone(context, question) : await ask(peer, question, signal)
    if (context.isSet('json')) terminal.print(JSON.stringify(answer))
    else for (const line of toLines(answer)) terminal.print(line)
    if (answer.searched.is_cut) {
      terminal.talk('only a part of the range was looked through: name a smaller one, or --user')
    }
    if (answer.copies.length > 0) return 0
    terminal.talk(`no record with this event_id arrived between ${answer.from} and ${answer.to}`)
    return 1
  },
}

function parseQuestion(context: CommandContext): TraceQuestion {
  const fromMs = parseTimeFlag(context, 'from')
  const toMs = parseTimeFlag(context, 'to')
  if (fromMs !== null && toMs !== null && fromMs > toMs) {
    throw new Fault('USAGE', '--from is after --to')
  }
  const eventId = context.positionals[0] ?? ''
  return { eventId, fromMs, toMs, userId: context.flag('user') ?? null }
}

async function ask(
  peer: Peer,
  { eventId, fromMs, toMs, userId }: TraceQuestion,
  signal: AbortSignal,
): Promise<TraceAnswer> {
  const parameters = new URLSearchParams()
  if (fromMs !== null) parameters.set('from', toMillisecondText(fromMs))
  if (toMs !== null) parameters.set('to', toMillisecondText(toMs))
  if (userId !== null) parameters.set('user_id', userId)
  const path = `/v1/events/${encodeURIComponent(eventId)}?${parameters.toString()}`
  return (await peer.get(path, signal)) as TraceAnswer
}

async function traceAlone(context: CommandContext, question: TraceQuestion): Promise<TraceAnswer> {
  const { config, clock, signal } = context
  const { store } = await openAnswers(context)
  await using _store = store
  await using log = await openLogOf(context)
  await using lake = await openTraceLake(context)
  const trace = createTrace({
    log,
    catalog: config.catalog,
    plans: config.plans,
    check: createChecker(config.catalog),
    store: () => store,
    repairs: openRepairView(await bookOptionsOf(context)),
    lake,
    bench: createBench(context),
    clock,
  })
  return await trace(question, signal)
}

function toLines({ copies }: TraceAnswer): readonly string[] {
  if (copies.length === 0) return []
  const head = ['record', 'arrival', 'user', 'verdict', 'rests in']
  const cells = copies.map(copy => [
    `${copy.topic}/${copy.partition}/${copy.offset}`,
    copy.arrival ?? '–',
    copy.user_id ?? '–',
    toVerdictText(copy),
    copy.object ?? (copy.in_log ? 'the log' : '–'),
  ])
  return [...toTable(head, cells), ...copies.flatMap(toWindowLines)]
}

function toVerdictText({ verdict, code, pointer, repaired }: TraceCopy): string {
  if (code === null) return verdict
  return `${verdict}: ${code} ${pointer ?? ''}${repaired === null ? '' : ', repaired'}`.trimEnd()
}

function toWindowLines({ topic, partition, offset, windows }: TraceCopy): readonly string[] {
  if (windows === null || windows.length === 0) return []
  const cells = windows.map(({ metric, window_start, key, adds, counts_once: once }) => [
    metric,
    window_start ?? 'all',
    Object.values(key)
      .map(text => text ?? '∅')
      .join(', '),
    Object.entries(adds)
      .map(([name, value]) => `${name} ${toValueText(value)}`)
      .join(', '),
    once === null ? '' : `once by ${once}`,
  ])
  const table = toTable(['metric', 'window', 'key', 'adds', ''], cells)
  return [
    '',
    toSafeText(`${topic}/${partition}/${offset} counts in`),
    ...table.map(row => `  ${row}`),
  ]
}
