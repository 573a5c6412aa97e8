/** The quarantine, with what became of each reject since. */
import type { QuarantineQuestion } from '../../api/api.ts'
import type { KeptReject, RejectPage } from '../../model/result.ts'
import type { RepairView } from '../../repair/repair.ts'
import type { AnswerStore } from '../../store/store.ts'

/** A page of quarantine, with what became of each reject since. */
export async function withRepairs(
  store: Pick<AnswerStore, 'rejects'>,
  repairs: RepairView,
  question: QuarantineQuestion,
): Promise<RejectPage> {
  const page = await store.rejects(question)
  const doneAt = await repairs.doneAt(page.rejects)
  const rejects = page.rejects.map((reject, index) => {
    return { ...reject, repairedMs: doneAt[index] ?? null }
  })
  return { ...page, rejects }
}

/** The reject at a place; null: there is none. */
export async function findReject(
  { store, repairs }: { readonly store: () => AnswerStore; readonly repairs: RepairView },
  {
    topic,
    partition,
    offset,
  }: { readonly topic: string; readonly partition: number; readonly offset: number },
): Promise<KeptReject | null> {
  const question = { topic, partition, offset, limit: 1, cursor: null }
  const { rejects } = await withRepairs(store(), repairs, question)
  return rejects[0] ?? null
}
