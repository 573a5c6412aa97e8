/** Pages of quarantine from a results place: objects are read newest first, till a page is full. */
import type { ObjectStore } from '../../model/object-store.ts'
import type { RejectPage } from '../../model/result.ts'
import type { Reject } from '../../model/step.ts'
import { compareRejects, isMeant, pageRejects } from '../quarantine.ts'
import type { RejectAsk } from '../question.ts'
import type { Manifest } from './manifest.ts'
import { readRejects } from './reject-lines.ts'

export async function readQuarantine(
  objects: ObjectStore,
  manifests: readonly Manifest[],
  ask: RejectAsk,
): Promise<RejectPage> {
  const { after, limit, filter } = ask
  const entries = manifests
    .flatMap(manifest => manifest.rejects)
    .filter(entry => after === null || entry.arrival_from_ms <= after.arrivalMs)
    .filter(entry => entry.arrival_to_ms >= (filter.fromMs ?? entry.arrival_to_ms))
    .filter(entry => entry.arrival_from_ms < (filter.toMs ?? Number.POSITIVE_INFINITY))
    .toSorted((a, b) => b.arrival_to_ms - a.arrival_to_ms)
  let found: readonly Reject[] = []
  for (const entry of entries) {
    // The one past the page tells whether there is a next one.
    const past = found[limit]
    if (past !== undefined && past.arrivalMs > entry.arrival_to_ms) break
    const read = await readRejects(objects, entry)
    const more = read.filter(
      reject => isMeant(reject, filter) && (after === null || compareRejects(reject, after) > 0),
    )
    found = [...found, ...more].toSorted(compareRejects).slice(0, limit + 1)
  }
  return pageRejects(found, ask)
}
