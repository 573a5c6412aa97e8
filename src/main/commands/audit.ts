import type { AuditAnswer } from '../../api/contract.ts'
import { recountLake } from '../../lake/recount.ts'
import { archivePlaceOf } from '../running/archive.ts'
import { openObjects } from '../running/open-objects.ts'
import type { Command, CommandContext } from '../terminal/command.ts'
import { toTable } from '../terminal/table.ts'
import { askAudit } from './ask.ts'

export const auditCommand: Command = {
  name: 'audit',
  about: 'shows the ledger: where every record went',
  positionals: [],
  flags: {
    json: { value: null, about: 'the answer of the API, as it is' },
    lake: { value: null, about: 'also counts the rows of the lake again, by listing it' },
  },
  settings: ['data', 'archive'],
  examples: ['weir audit', 'weir audit --json', 'weir audit --lake'],
  /** 1 where the ledger does not balance. */
  run: async context => {
    const audit = await askAudit(context)
    if (context.isSet('json')) context.terminal.print(JSON.stringify(audit))
    else for (const line of toLines(audit)) context.terminal.print(line)
    const wrong = context.isSet('lake') ? await findWrongCounts(context, audit) : []
    for (const line of wrong) context.terminal.talk(line)
    if (context.isSet('lake') && wrong.length === 0) {
      context.terminal.talk('The files of the lake have the rows of the ledger.')
    }
    return audit.balanced && wrong.length === 0 ? 0 : 1
  },
}

/** Partitions whose files have other rows than the ledger says. */
async function findWrongCounts(
  context: CommandContext,
  { partitions }: AuditAnswer,
): Promise<readonly string[]> {
  const place = archivePlaceOf(context)
  const archived = partitions.filter(line => line.archived_offset !== null)
  if (place === null || archived.length === 0) return ['nothing is archived']
  const ranges = new Map(
    archived.map(line => {
      const range = { first: line.archived_from ?? 0, next: line.archived_offset ?? 0 }
      return [`${line.partition} ${line.topic}`, range]
    }),
  )
  const { config, signal } = context
  await using objects = await openObjects(context, place)
  const counts = await recountLake({ objects, catalog: config.catalog, ranges, signal })
  return archived.flatMap(({ topic, partition, lake_rows, lake_rejects }) => {
    const { rows, rejects } = counts.get(`${partition} ${topic}`) ?? { rows: 0, rejects: 0 }
    if (rows === lake_rows && rejects === lake_rejects) return []
    const told = `${lake_rows} rows and ${lake_rejects} rejects`
    return [`${topic}/${partition}: the ledger says ${told}, the files have ${rows} and ${rejects}`]
  })
}

function toLines(audit: AuditAnswer): readonly string[] {
  const head = [
    'topic',
    'partition',
    'offsets',
    'consumed',
    'accepted',
    'duplicate',
    'invalid',
    'repaired',
  ]
  const rows = audit.partitions.map(line => [
    line.topic,
    String(line.partition),
    `${line.offset_first}..${line.offset_next}`,
    String(line.consumed),
    String(line.accepted),
    String(line.duplicate),
    toInvalidText(line.invalid),
    String(line.repaired),
    String(line.lag),
    line.balanced ? 'balanced' : 'DOES NOT BALANCE',
  ])
  return [
    ...toTable([...head, 'lag', ''], rows),
    audit.balanced ? 'The ledger balances.' : 'The ledger DOES NOT BALANCE.',
  ]
}

function toInvalidText(invalid: { readonly [code: string]: number | undefined }): string {
  const codes = Object.entries(invalid).map(([code, count]) => `${code} ${count}`)
  return codes.length === 0 ? '0' : codes.join(', ')
}
