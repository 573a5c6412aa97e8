/** `weir tail`: the log as it grows. Beside a running Weir it reads through it. */

import type { TailRecord } from '../../api/contract.ts'
import { BACK_MAX } from '../../api/question.ts'
import { createChecker } from '../../engine/scan/check.ts'
import { tailLog } from '../../flow/tail.ts'
import { Fault } from '../../std/fault.ts'
import { dataDirOf } from '../running/data-dir.ts'
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
    for await (const records of openTail(context)) {
      if (records.length === 0 && context.isSet('once')) break
      for (const record of records) context.terminal.print(toLine(context, record))
    }
    return context.signal.aborted ? 130 : 0
  },
}

async function* openTail(context: CommandContext): AsyncIterable<readonly TailRecord[]> {
  const { config, signal } = context
  const back = parseBack(context.flag('back'))
  const peer = await findPeer(dataDirOf(config.settings.data), signal)
  if (peer !== null) {
    for await (const line of peer.lines(`/v1/tail?back=${back}`, signal)) {
      yield JSON.parse(line) as readonly TailRecord[]
    }
    return
  }
  assertData(context)
  await using log = await openLogOf(context)
  yield* tailLog({ log, check: createChecker(config.catalog), backCount: back, signal })
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
