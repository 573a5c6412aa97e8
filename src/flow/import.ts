/**
 * An import: a file's items → the front door, in order, batch by batch, until all are durable.
 * Where it is gets written down after each batch, so that one that was broken off goes on there;
 * going back a little does no harm, since the same lines give the same events.
 */
import type { ImportItem, ImportPosition, ImportSource } from '../importer/importer.ts'

/** Where items go: the collector of this process, or of another one, over HTTP. */
export interface ImportTarget {
  /** Stores items; gives how many looked invalid, once all are durable. */
  store(items: readonly ImportItem[], signal: AbortSignal): Promise<number>
}

export interface ImportProgress {
  readonly itemCount: number
  readonly invalidCount: number
  readonly bytesRead: number
  readonly bytesTotal: number
}

export interface ImportOptions {
  readonly source: ImportSource
  readonly target: ImportTarget
  /** Called after each batch: everything before the position is durable. */
  readonly onProgress: (progress: ImportProgress, position: ImportPosition) => Promise<void>
  readonly signal: AbortSignal
}

/** Resolves when every item is durable, or, early, when `signal` aborts. */
export async function runImport(options: ImportOptions): Promise<ImportProgress> {
  const { source, target, onProgress, signal } = options
  let progress: ImportProgress = { itemCount: 0, invalidCount: 0, bytesRead: 0, bytesTotal: 0 }
  for await (const batch of source) {
    if (signal.aborted) break
    const invalidCount = await storeUnlessAborted(target, batch.items, signal)
    if (invalidCount === null) break
    progress = {
      itemCount: progress.itemCount + batch.items.length,
      invalidCount: progress.invalidCount + invalidCount,
      bytesRead: batch.bytesRead,
      bytesTotal: batch.bytesTotal,
    }
    await onProgress(progress, batch.position)
  }
  return progress
}

/** How many looked invalid; null: called off, some of them may be stored. */
async function storeUnlessAborted(
  target: ImportTarget,
  items: readonly ImportItem[],
  signal: AbortSignal,
): Promise<number | null> {
  if (items.length === 0) return 0
  try {
    return await target.store(items, signal)
  } catch (error) {
    if (signal.aborted) return null
    throw error
  }
}
