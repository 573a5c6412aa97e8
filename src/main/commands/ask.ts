/** How commands that only ask get their answers: from the Weir that runs, else from the store. */

import { existsSync } from 'node:fs'
import { toAuditAnswer } from '../../api/api.ts'
import type { AuditAnswer } from '../../api/contract.ts'
import { createLogState } from '../../flow/serve/log-state.ts'
import type { EventLog } from '../../log/log.ts'
import { openSegmentLog } from '../../log/segment/segment-log.ts'
import { topicsOf } from '../../model/catalog.ts'
import type { Question, Result } from '../../model/result.ts'
import { STREAM } from '../../model/result.ts'
import { toMillisecondText } from '../../model/time.ts'
import { openRepairView } from '../../repair/repair.ts'
import { Fault } from '../../std/fault.ts'
import { openResultsReader } from '../../store/results/results-reader.ts'
import { createRunAnswers } from '../../store/results/runs.ts'
import type { AnswerStore } from '../../store/store.ts'
import { dataDirOf } from '../running/data-dir.ts'
import { openStoreOf } from '../running/embedded.ts'
import { openTopics } from '../running/open-log.ts'
import { findPeer } from '../running/peer.ts'
import { layoutOf, openPlace } from '../running/place.ts'
import { bookOptionsOf } from '../running/repairs.ts'
import { createVoice } from '../running/voice.ts'
import type { CommandContext } from '../terminal/command.ts'

export async function askQuestion(context: CommandContext, question: Question): Promise<Result> {
  const peer = await findPeer(dataDirOf(context.config.settings.data), context.signal)
  if (peer !== null) {
    const answer = await peer.get(toQuestionPath(question), context.signal)
    return answer as Result
  }
  if (typeof question.source === 'string' && question.source !== STREAM) {
    await using objects = await openPlace(context)
    const runs = createRunAnswers(objects, context.config.plans)
    return await runs.query({ ...question, source: question.source })
  }
  const { store } = await openAnswers(context)
  await using _store = store
  return await store.query(question)
}

export async function askAudit(context: CommandContext): Promise<AuditAnswer> {
  const { config, clock, signal } = context
  const peer = await findPeer(dataDirOf(config.settings.data), signal)
  if (peer !== null) return (await peer.get('/v1/audit', signal)) as AuditAnswer
  const { store, progress } = await openAnswers(context)
  await using _store = store
  await using log = await openLogOf(context)
  const ledger = await store.audit()
  const state = await createLogState(log, clock)(ledger, signal)
  const repaired = await openRepairView(await bookOptionsOf(context)).counts()
  return toAuditAnswer(ledger, { ...state, repaired }, progress)
}

export interface Answers {
  readonly store: AnswerStore
  readonly progress: number | null
}

/** The store of the data directory, or, where one is named, the results place. */
export async function openAnswers(context: CommandContext): Promise<Answers> {
  if (context.config.settings.results === '') {
    assertData(context)
    const store = await openStoreOf(context)
    return { store, progress: (await store.load()).progress }
  }
  await using stack = new AsyncDisposableStack()
  const objects = stack.use(await openPlace(context))
  const { plans } = context.config
  const store = stack.use(
    await openResultsReader({ objects, plans, layout: layoutOf(context, null) }),
  )
  const { progress } = store
  const owned = stack.move()
  return { store: { ...store, [Symbol.asyncDispose]: () => owned.disposeAsync() }, progress }
}

/** Opens the log of the settings, to read it; nothing is deleted. */
export async function openLogOf(context: CommandContext): Promise<EventLog> {
  const { settings, catalog, kafka } = context.config
  if (kafka !== null)
    return await openTopics(context, {
      onOutage: createVoice(context.terminal, 'kafka answers again').of('reading waits'),
    })
  return await openSegmentLog({
    directory: dataDirOf(settings.data).log,
    topics: topicsOf(catalog),
    partitions: catalog.partitions,
    clock: context.clock,
    segmentBytes: settings.segmentBytes,
    retentionMs: null,
    retentionBytes: null,
    logBytesMax: settings.logBytesMax,
  })
}

/** Asking must not make an empty data directory where somebody mistyped its name. */
export function assertData(context: CommandContext): void {
  const directory = dataDirOf(context.config.settings.data)
  if (existsSync(directory.store)) return
  throw new Fault(
    'FILE_UNREADABLE',
    `there is no data in ${directory.path}; check --data, or begin with weir start or weir import`,
  )
}

function toQuestionPath(question: Question): string {
  const parameters = new URLSearchParams({ limit: String(question.limit) })
  if (question.fromMs !== null) parameters.set('from', toMillisecondText(question.fromMs))
  if (question.toMs !== null) parameters.set('to', toMillisecondText(question.toMs))
  if (typeof question.last === 'number') parameters.set('last', String(question.last))
  if (typeof question.source === 'string') parameters.set('source', question.source)
  if (question.cursor !== null) parameters.set('cursor', question.cursor)
  const { keys = [], group = null, measures = null, window = null, order = null } = question
  for (const { name, values } of keys) {
    for (const value of values) {
      if (value === null) parameters.append('no_key', name)
      else parameters.append(`key.${name}`, value)
    }
  }
  if (group !== null) parameters.set('group', group.join(','))
  if (measures !== null) parameters.set('measures', measures.join(','))
  if (window !== null) parameters.set('window', window)
  if (order !== null) parameters.set('order', order)
  return `/v1/metrics/${encodeURIComponent(question.metric)}?${parameters.toString()}`
}
