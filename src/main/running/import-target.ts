/** Where the items of an import go: to the front door of this process, or of the one that runs. */
import { basename } from 'node:path'
import type { AuditAnswer } from '../../api/contract.ts'
import type { Collector, Item } from '../../collector/collector.ts'
import { createChecker } from '../../engine/scan/check.ts'
import type { ImportTarget } from '../../flow/import.ts'
import type { ImportItem } from '../../importer/importer.ts'
import type { ItemCheck } from '../../model/verdict.ts'
import { concatBytes, toUtf8 } from '../../std/bytes.ts'
import type { CommandContext } from '../terminal/command.ts'
import type { Peer } from './peer.ts'

const POLL_MS = 100
/** Requests of one item each that are under way together. */
const ALONE_AT_ONCE = 32
const NEWLINE = toUtf8('\n')
const OPEN = toUtf8('[')
const COMMA = toUtf8(',')
const CLOSE = toUtf8(']')

export function toLocalTarget(collector: Collector, path: string): ImportTarget {
  const file = basename(path)
  return {
    store: async (items, signal) => {
      const answers = await collector.collect(
        items.map((item): Item => {
          const { line, reason, cut } = item
          return { bytes: item.value, origin: { reason, file, line, cut } }
        }),
        signal,
      )
      return answers.filter(answer => answer.status === 'invalid').length
    },
  }
}

/** Good events go many at a time; one that looks invalid goes alone, with where it came from. */
export function toPeerTarget(context: CommandContext, peer: Peer, path: string): ImportTarget {
  const file = basename(path)
  const check = createChecker(context.config.catalog)
  const post = async (
    body: Uint8Array,
    headers: Record<string, string>,
    signal: AbortSignal,
  ): Promise<number> => {
    const answer = (await peer.post('/v1/events', { body, headers }, signal)) as {
      readonly items: readonly { readonly status: string }[]
    }
    return answer.items.filter(item => item.status === 'invalid').length
  }
  return {
    store: async (items, signal) => {
      const {
        line = [],
        list = [],
        alone = [],
      } = Object.groupBy(items, item => {
        return toTravel(item, check(item.value, context.clock.now()))
      })
      let invalidCount = 0
      if (line.length > 0) {
        const body = concatBytes(line.flatMap(item => [item.value, NEWLINE]))
        invalidCount += await post(body, { 'Content-Type': 'application/x-ndjson' }, signal)
      }
      if (list.length > 0) {
        const body = concatBytes([
          OPEN,
          ...list.flatMap(item => [COMMA, item.value]).slice(1),
          CLOSE,
        ])
        invalidCount += await post(body, { 'Content-Type': 'application/json' }, signal)
      }
      // Together, so that the log writes them with one fsync, and in bounded number.
      for (let start = 0; start < alone.length; start += ALONE_AT_ONCE) {
        const some = alone.slice(start, start + ALONE_AT_ONCE)
        const counts = some.map(item => post(item.value, toOriginHeaders(item, file), signal))
        for (const count of await Promise.all(counts)) invalidCount += count
      }
      return invalidCount
    },
  }
}

function toOriginHeaders({ line, reason, cut }: ImportItem, file: string): Record<string, string> {
  return {
    'Content-Type': 'application/octet-stream',
    'X-Weir-File': encodeURIComponent(file),
    'X-Weir-Line': String(line),
    ...(reason === null ? {} : { 'X-Weir-Reason': reason }),
    ...(cut === null
      ? {}
      : { 'X-Weir-Length': String(cut.lengthBytes), 'X-Weir-Sha256': cut.sha256 }),
  }
}

const LINE_FEED = 0x0a

/**
 * How an item travels: as a line among others, in a list (it is written over several lines), or
 * alone, since what is broken could take its neighbours along.
 */
function toTravel(item: ImportItem, { invalid }: ItemCheck): 'line' | 'list' | 'alone' {
  if (item.reason !== null || item.cut !== null || invalid !== null) return 'alone'
  return item.value.includes(LINE_FEED) ? 'list' : 'line'
}

/** Waits until all that the log held when this was called is digested. */
export async function waitUntilDigested(context: CommandContext, peer: Peer): Promise<void> {
  const { clock, signal } = context
  const ask = async (): Promise<AuditAnswer> => (await peer.get('/v1/audit', signal)) as AuditAnswer
  const name = (line: { topic: string; partition: number }): string =>
    `${line.topic}/${line.partition}`
  let first = await ask()
  // Where the log ends is not known while it does not answer.
  while (first.lag === null) {
    await clock.sleep(POLL_MS, signal)
    first = await ask()
  }
  const goals = new Map(first.partitions.map(line => [name(line), line.offset_end]))
  for (;;) {
    const { partitions } = await ask()
    if (partitions.every(line => line.offset_next >= (goals.get(name(line)) ?? 0))) return
    await clock.sleep(POLL_MS, signal)
  }
}
