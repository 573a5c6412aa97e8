/** Repairs: where their book is, where rejects are read from, and where events are sent to. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { QuarantineQuestion } from '../../api/api.ts'
import type { QuarantineAnswer, RejectAnswer } from '../../api/contract.ts'
import type { Collector } from '../../collector/collector.ts'
import type { ReplayOptions } from '../../flow/repair/repair.ts'
import type { KeptReject, RejectPage } from '../../model/result.ts'
import { parseTimestamp, toMillisecondText } from '../../model/time.ts'
import { openLocalObjects } from '../../objects/local/local-objects.ts'
import type { openRepairBook } from '../../repair/repair.ts'
import { concatBytes, toUtf8 } from '../../std/bytes.ts'
import type { CommandContext } from '../terminal/command.ts'
import { dataDirOf } from './data-dir.ts'
import type { Peer } from './peer.ts'
import { openPlace } from './place.ts'

const PLACE_PREFIX = 'repairs/'
const OPEN = toUtf8('[')
const COMMA = toUtf8(',')
const CLOSE = toUtf8(']')

/**
 * DATA/repairs; or `repairs/` of the results place, where processes run apart: where one is named,
 * or lies in the data directory.
 */
export async function bookOptionsOf(
  context: Pick<CommandContext, 'config' | 'clock'>,
  where: 'place' | 'found' = 'found',
): Promise<Parameters<typeof openRepairBook>[0]> {
  const { settings } = context.config
  const directory = dataDirOf(settings.data)
  const isPlaced =
    where === 'place' ||
    settings.results !== '' ||
    (context.config.kafka !== null && existsSync(join(directory.path, 'results-place')))
  const { clock } = context
  if (isPlaced) return { objects: await openPlace(context), prefix: PLACE_PREFIX, clock }
  return { objects: openLocalObjects({ directory: directory.repairs }), prefix: '', clock }
}

/** Rejects as the running Weir tells them. */
export async function askPeerRejects(
  peer: Peer,
  question: QuarantineQuestion,
  signal: AbortSignal,
): Promise<RejectPage> {
  const path = `/v1/quarantine?${toParameters(question).toString()}`
  const { rejects, next } = (await peer.get(path, signal)) as QuarantineAnswer
  return { rejects: rejects.map(toReject), next }
}

function toParameters(question: QuarantineQuestion): URLSearchParams {
  const { code, topic, partition, offset, fromMs, toMs, limit, cursor } = question
  const parameters = new URLSearchParams({ limit: String(limit) })
  const given = { code, topic, partition, offset, cursor }
  for (const [name, value] of Object.entries(given)) {
    if (value !== null && value !== undefined) parameters.set(name, String(value))
  }
  if (typeof fromMs === 'number') parameters.set('from', toMillisecondText(fromMs))
  if (typeof toMs === 'number') parameters.set('to', toMillisecondText(toMs))
  return parameters
}

function toReject(answer: RejectAnswer): KeptReject {
  const { arrival, repaired } = answer
  const toBytes = (
    text: string | null,
    encoding: RejectAnswer['value_encoding'],
  ): Uint8Array | null =>
    text === null ? null : new Uint8Array(Buffer.from(text, encoding ?? 'utf8'))
  return {
    topic: answer.topic,
    partition: answer.partition,
    offset: answer.offset,
    arrivalMs: arrival === null ? -1 : (parseTimestamp(arrival) ?? -1),
    code: answer.code,
    pointer: answer.pointer,
    key: toBytes(answer.key, answer.key_encoding),
    value: toBytes(answer.value, answer.value_encoding),
    file: answer.file,
    line: answer.line,
    repairedMs: repaired === null ? null : parseTimestamp(repaired),
  }
}

/** The collector of this process. */
export function toLocalSend(collector: Collector): ReplayOptions['send'] {
  return async (events, signal) => {
    await collector.collect(
      events.map(bytes => ({ bytes, origin: null })),
      signal,
    )
  }
}

/** The collector of the Weir that runs. Events are whole JSON objects, so they go as a list. */
export function toPeerSend(peer: Peer): ReplayOptions['send'] {
  return async (events, signal) => {
    const body = concatBytes([OPEN, ...events.flatMap(event => [COMMA, event]).slice(1), CLOSE])
    await peer.post('/v1/events', { body, headers: { 'Content-Type': 'application/json' } }, signal)
  }
}
