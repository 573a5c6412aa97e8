/**
 * `weir quarantine`: what was rejected, and its repair. Beside a running Weir it asks that one;
 * else it opens the data itself.
 */
import type { QuarantineQuestion } from '../../api/api.ts'
import { toRejectAnswer } from '../../api/api.ts'
import type { KeptReject, RejectPage } from '../../model/result.ts'
import { parseBound, toMillisecondText } from '../../model/time.ts'
import type { InvalidCode } from '../../model/verdict.ts'
import { INVALID_CODES } from '../../model/verdict.ts'
import { Fault } from '../../std/fault.ts'
import type { Command, CommandContext } from '../terminal/command.ts'
import { toTable } from '../terminal/table.ts'
import { toByteLines, toShortText } from './quarantine-bytes.ts'
import { runRepairCommand, runReplayCommand } from './quarantine-repair.ts'
import { askRejects } from './quarantine-source.ts'

const LIMIT_DEFAULT = 20
const LIMIT_MAX = 500
const LIST_FLAGS = ['code', 'topic', 'from', 'to', 'limit', 'cursor'] as const

export const quarantineCommand: Command = {
  name: 'quarantine',
  about: 'lists and shows rejected records, tries a repair of them, and sends them again',
  positionals: ['list|show|repair|replay', '[WHAT]'],
  flags: {
    code: { value: 'CODE', about: 'list: only records that are invalid for this reason' },
    topic: { value: 'TOPIC', about: 'list: only records of this topic' },
    from: { value: 'TIME', about: 'list: only records that arrived at this time or later' },
    to: { value: 'TIME', about: 'list: only records that arrived before this time' },
    limit: { value: 'N', about: `list: records at most (${LIMIT_DEFAULT})` },
    cursor: { value: 'NEXT', about: 'list: goes on where the last page ended' },
    json: { value: null, about: 'as JSON' },
  },
  settings: ['data'],
  examples: [
    'weir quarantine list --code wrong_type --from 2024-09-03',
    'weir quarantine show purchase/2/1041',
    'weir quarantine repair prices.json',
    'weir quarantine replay prices.json',
  ],
  run: async context => {
    const [what = '', argument] = context.positionals
    assertFlags(context, what)
    switch (what) {
      case 'list':
        return await list(context, argument)
      case 'show':
        return await show(context, argument)
      case 'repair':
        return await runRepairCommand(context, needed(what, argument, 'the file of a repair'))
      case 'replay':
        return await runReplayCommand(context, needed(what, argument, 'the file of a repair'))
      default:
        throw new Fault(
          'USAGE',
          `weir quarantine takes list, show, repair or replay, not '${what}'`,
        )
    }
  },
}

function assertFlags(context: CommandContext, what: string): void {
  if (what === 'list') return
  const given = LIST_FLAGS.find(name => context.flag(name) !== undefined)
  if (given === undefined) return
  throw new Fault(
    'USAGE',
    `--${given} belongs to weir quarantine list; a repair says what it means`,
  )
}

function needed(what: string, argument: string | undefined, wanted: string): string {
  if (argument !== undefined) return argument
  throw new Fault('USAGE', `weir quarantine ${what} needs ${wanted}`)
}

async function list(context: CommandContext, argument: string | undefined): Promise<number> {
  const { terminal } = context
  if (argument !== undefined) throw new Fault('USAGE', 'weir quarantine list takes flags only')
  const page = await askRejects(context, parseQuestion(context))
  if (context.isSet('json')) terminal.print(toJsonText(page))
  else if (page.rejects.length === 0) terminal.talk('nothing of this kind is in quarantine')
  else {
    const head = ['record', 'arrival', 'code', 'pointer', 'repaired', 'bytes']
    for (const line of toTable(head, page.rejects.map(toCells))) terminal.print(line)
    if (page.next !== null) terminal.talk(`there is more: --cursor ${page.next}`)
  }
  return 0
}

function toJsonText(page: RejectPage): string {
  return JSON.stringify({ rejects: page.rejects.map(toRejectAnswer), next: page.next })
}

function toCells(reject: KeptReject): readonly string[] {
  const { topic, partition, offset, arrivalMs, code, pointer, value } = reject
  return [
    `${topic}/${partition}/${offset}`,
    arrivalMs < 0 ? '–' : toMillisecondText(arrivalMs),
    code,
    pointer,
    toRepairedText(reject),
    toShortText(value),
  ]
}

function toRepairedText({ repairedMs = null }: KeptReject): string {
  return repairedMs === null ? 'no' : toMillisecondText(repairedMs)
}

async function show(context: CommandContext, argument: string | undefined): Promise<number> {
  const { terminal } = context
  const text = needed('show', argument, 'a record, as topic/partition/offset')
  const [, topic, partition, offset] = /^([^/]+)\/(\d{1,9})\/(\d{1,15})$/.exec(text) ?? []
  if (topic === undefined) {
    throw new Fault('USAGE', `'${text}' is no record; write topic/partition/offset`)
  }
  const place = { topic, partition: Number(partition), offset: Number(offset) }
  const { rejects } = await askRejects(context, { ...place, limit: 1, cursor: null })
  const [reject] = rejects
  if (reject === undefined) {
    throw new Fault('QUERY_INVALID', `${text} is not in quarantine; see weir quarantine list`)
  }
  if (context.isSet('json')) terminal.print(JSON.stringify(toRejectAnswer(reject)))
  else for (const line of toLines(reject)) terminal.print(line)
  return 0
}

function toLines(reject: KeptReject): readonly string[] {
  const { code, pointer, arrivalMs, file, line, key, value } = reject
  const origin = file === null ? '–' : `${file}${line === null ? '' : `, line ${line}`}`
  const facts = [
    ['record', `${reject.topic}/${reject.partition}/${reject.offset}`],
    ['arrival', arrivalMs < 0 ? '–' : toMillisecondText(arrivalMs)],
    ['code', `${code}: ${INVALID_CODES[code]}`],
    ['pointer', pointer === '' ? '–' : pointer],
    ['origin', origin],
    ['repaired', toRepairedText(reject)],
    ['key', toShortText(key)],
    ['bytes', value === null ? 'none' : String(value.length)],
  ]
  const [, ...lines] = toTable(['', ''], facts)
  return [...lines, ...(value === null ? [] : ['', ...toByteLines(value)])]
}

function parseQuestion(context: CommandContext): QuarantineQuestion {
  const fromMs = parseTime(context, 'from')
  const toMs = parseTime(context, 'to')
  if (fromMs !== null && toMs !== null && fromMs > toMs) {
    throw new Fault('USAGE', '--from is after --to')
  }
  return {
    code: parseCode(context.flag('code')),
    topic: context.flag('topic') ?? null,
    fromMs,
    toMs,
    limit: parseLimit(context.flag('limit')),
    cursor: context.flag('cursor') ?? null,
  }
}

function parseCode(text: string | undefined): InvalidCode | null {
  if (text === undefined) return null
  const codes = Object.keys(INVALID_CODES) as InvalidCode[]
  const code = codes.find(known => known === text)
  if (code !== undefined) return code
  throw new Fault('USAGE', `--code is '${text}'; there are ${codes.join(', ')}`)
}

function parseTime(context: CommandContext, name: string): number | null {
  const text = context.flag(name)
  if (text === undefined) return null
  const timeMs = parseBound(text)
  if (timeMs !== null) return timeMs
  const mend = 'write 2024-09-03 or 2024-09-03T10:00:00Z'
  throw new Fault('USAGE', `--${name} is '${text}', which is no time; ${mend}`)
}

function parseLimit(text: string | undefined): number {
  if (text === undefined) return LIMIT_DEFAULT
  const limit = /^\d{1,4}$/.test(text) ? Number(text) : 0
  if (limit >= 1 && limit <= LIMIT_MAX) return limit
  throw new Fault('USAGE', `--limit is '${text}', not a whole number 1..${LIMIT_MAX}`)
}
