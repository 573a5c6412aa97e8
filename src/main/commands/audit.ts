import type { AuditAnswer } from '../../api/contract.ts'
import type { Command } from '../terminal/command.ts'
import { toTable } from '../terminal/table.ts'
import { askAudit } from './ask.ts'

export const auditCommand: Command = {
  name: 'audit',
  about: 'shows the ledger: where every record went',
  positionals: [],
  flags: { json: { value: null, about: 'the answer of the API, as it is' } },
  settings: ['data'],
  examples: ['weir audit', 'weir audit --json'],
  /** 1 where the ledger does not balance. */
  run: async context => {
    const audit = await askAudit(context)
    if (context.isSet('json')) context.terminal.print(JSON.stringify(audit))
    else for (const line of toLines(audit)) context.terminal.print(line)
    return audit.balanced ? 0 : 1
  },
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
