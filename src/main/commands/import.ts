/**
 * `weir import FILE`: a file of real events, through the front door, until its last is digested.
 */
import type { ImportProgress } from '../../flow/import.ts'
import { dataDirOf } from '../running/data-dir.ts'
import type { Embedded } from '../running/embedded.ts'
import { beginAlone, openEmbedded } from '../running/embedded.ts'
import { assertImportable, importFile, talkDone } from '../running/import-file.ts'
import { toLocalTarget, toPeerTarget, waitUntilDigested } from '../running/import-target.ts'
import type { Peer } from '../running/peer.ts'
import { findPeer } from '../running/peer.ts'
import type { Command, CommandContext } from '../terminal/command.ts'

export const importCommand: Command = {
  name: 'import',
  about: 'imports a file of events: JSON, NDJSON or CSV, also gzip or zstd',
  positionals: ['FILE'],
  flags: {
    mapping: { value: 'FILE', about: 'how the columns of a CSV file become events' },
    strict: { value: null, about: 'exit 1 where a line was invalid' },
  },
  settings: ['data'],
  examples: [
    'weir import events.ndjson',
    'weir import shop.csv.gz --mapping shop.mapping.json',
    'weir import 2019-Oct.csv --strict',
  ],
  run: async context => {
    const path = context.positionals[0] ?? ''
    await assertImportable(context, path)
    const peer = await findPeer(dataDirOf(context.config.settings.data), context.signal)
    const done =
      peer === null ? await importAlone(context, path) : await importBeside(context, path, peer)
    if (context.signal.aborted) return EXIT_INTERRUPTED
    return context.isSet('strict') && done.invalidCount > 0 ? EXIT_STRICT : 0
  },
}

const EXIT_STRICT = 1
const EXIT_INTERRUPTED = 130

/** Nothing else runs: the data directory is opened here, and closed when all is digested. */
async function importAlone(context: CommandContext, path: string): Promise<ImportProgress> {
  await using embedded = await openEmbedded(context)
  const end = await beginAlone(embedded, context.signal)
  const target = toLocalTarget(embedded.collector, path)
  const done = await importFile(context, { path, target, signal: end.signal })
  end.throwIfFailed()
  await embedded.drain()
  talkDone(context, path, done)
  return done
}

/** For `weir start --import`: into the log of this process; its digest is running. */
export async function importInto(
  context: CommandContext,
  options: { readonly path: string; readonly embedded: Embedded; readonly signal: AbortSignal },
): Promise<void> {
  const { path, embedded, signal } = options
  const target = toLocalTarget(embedded.collector, path)
  const done = await importFile(context, { path, target, signal })
  talkDone(context, path, done)
}

async function importBeside(
  context: CommandContext,
  path: string,
  peer: Peer,
): Promise<ImportProgress> {
  context.terminal.talk(`weir: importing through ${peer.url}`)
  const { signal } = context
  const done = await importFile(context, {
    path,
    target: toPeerTarget(context, peer, path),
    signal,
  })
  if (!signal.aborted) await waitUntilDigested(context, peer)
  talkDone(context, path, done)
  return done
}
