/** Where `weir quarantine` reads: the Weir that runs, else the store or the results place. */
import type { QuarantineQuestion } from '../../api/api.ts'
import { withRepairs } from '../../flow/repair/rejects.ts'
import type { RejectSource } from '../../flow/repair/repair.ts'
import type { RejectPage } from '../../model/result.ts'
import { openRepairView } from '../../repair/repair.ts'
import { dataDirOf } from '../running/data-dir.ts'
import type { Peer } from '../running/peer.ts'
import { findPeer } from '../running/peer.ts'
import { askPeerRejects, bookOptionsOf } from '../running/repairs.ts'
import type { CommandContext } from '../terminal/command.ts'
import { openAnswers } from './ask.ts'

export interface OpenSource extends RejectSource, AsyncDisposable {
  /** null: this process reads the data itself. */
  readonly peer: Peer | null
}

export async function openSource(context: CommandContext): Promise<OpenSource> {
  const { config, signal } = context
  const peer = await findPeer(dataDirOf(config.settings.data), signal)
  if (peer !== null) {
    return {
      peer,
      rejects: question => askPeerRejects(peer, question, signal),
      [Symbol.asyncDispose]: async () => undefined,
    }
  }
  const { store } = await openAnswers(context)
  return {
    peer,
    rejects: question => store.rejects(question),
    [Symbol.asyncDispose]: () => store[Symbol.asyncDispose](),
  }
}

/** A page, with what became of each reject since. */
export async function askRejects(
  context: CommandContext,
  question: QuarantineQuestion,
): Promise<RejectPage> {
  await using source = await openSource(context)
  if (source.peer !== null) return await source.rejects(question)
  return await withRepairs(source, openRepairView(await bookOptionsOf(context)), question)
}
