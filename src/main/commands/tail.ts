/** `weir tail`: the log as it grows. Beside a running Weir it reads through it. */

import { BACK_MAX } from '../../api/contract/parameters.ts'
import type { AuditAnswer, TailRecord } from '../../api/contract.ts'
import { createChecker } from '../../engine/scan/check.ts'
import { tailLog } from '../../flow/serve/tail.ts'
import { Fault } from '../../std/fault.ts'
import { dataDirOf } from '../running/data-dir.ts'
import type { Peer } from '../running/peer.ts'
import { findPeer } from '../running/peer.ts'
import type { Command, CommandContext } from '../terminal/command.ts'
import { toSafeText } from '../terminal/terminal.ts'
import { assertData, openLogOf } from './ask.ts'

const BACK_DEFAULT = 3

export const tailCommand: Command = {
  name: 'tail',
  about: 'shows records as they arrive',
  positionals: [],
  flags: {
    back: { value: 'N', about: `records of each partition to begin with (${BACK_DEFAULT})` },
    once: { value: null, about: 'shows what is there, and ends' },
    json: { value: null, about: 'one JSON object a line' },
  },
  settings: ['data'],
  examples: ['weir tail', 'weir tail --back 100 --once', 'weir tail --json'],
  run: async context => {
    const { config, signal } = context
    const back = parseBack(context.flag('back'))
    const peer = await findPeer(dataDirOf(config.settings.data), signal)
    if (peer === null) await tailAlone(context, back)
    else await tailBeside(context, back, peer)
    return signal.aborted ? EXIT_INTERRUPTED : 0
  },
}

const EXIT_INTERRUPTED = 130

async function tailAlone(context: CommandContext, backCount: number): Promise<void> {
  const { config, signal } = context
  if (config.kafka === null) assertData(context)
  await using log = await openLogOf(context)
  const ends = toEnds(await log.bounds(signal), bound => bound.offsetEnd)
  await show(
    context,
    ends,
    tailLog({ log, check: createChecker(config.catalog), backCount, signal }),
  )
}

async function tailBeside(context: CommandContext, back: number, peer: Peer): Promise<void> {
  const { signal } = context
  const { partitions } = (await peer.get('/v1/audit', signal)) as AuditAnswer
  const ends = toEnds(partitions, line => line.offset_end ?? line.offset_next)
  const batches = (async function* () {
    for await (const line of peer.lines(`/v1/tail?back=${back}`, signal)) {
      yield JSON.parse(line) as readonly TailRecord[]
    }
  })()
  await show(context, ends, batches)
}

/** Where partitions end, by place; of those that hold nothing there is nothing to wait for. */
function toEnds<Line extends { readonly topic: string; readonly partition: number }>(
  lines: readonly Line[],
  endOf: (line: Line) => number,
): Map<string, number> {
  return new Map(lines.map(line => [`${line.topic}/${line.partition}`, endOf(line)]))
}

/** Shows batches until they end; with --once, until what was there at the start is shown. */
async function show(
  context: CommandContext,
  ends: ReadonlyMap<string, number>,
  batches: AsyncIterable<readonly TailRecord[]>,
): Promise<void> {
  const isOnce = context.isSet('once')
  const open = new Set([...ends].filter(([, end]) => end > 0).map(([place]) => place))
  for await (const records of batches) {
    for (const record of records) {
      const place = `${record.topic}/${record.partition}`
      const end = ends.get(place) ?? 0
      if (record.offset + 1 >= end) open.delete(place)
      if (!isOnce || record.offset < end) context.terminal.print(toLine(context, record))
    }
    // An empty batch: all is read that there is, and what was expected has expired.
    if (isOnce && (open.size === 0 || records.length === 0)) return
  }
}

function parseBack(text: string | undefined): number {
  if (text === undefined) return BACK_DEFAULT
  const back = /^\d{1,4}$/.test(text) ? Number(text) : BACK_MAX + 1
  if (back <= BACK_MAX) return back
  throw new Fault('USAGE', `--back is '${text}', not a whole number 0..${BACK_MAX}`)
}

function toLine(context: CommandContext, record: TailRecord): string {
  if (context.isSet('json')) return JSON.stringify(record)
  const { arrival, topic, partition, offset, looks, value } = record
  return `${arrival}  ${topic}/${partition}/${offset}  ${looks}  ${toSafeText(value)}`
}
