/**
 * Runs as engines hold them: handles that stay good while the files behind them are merged. After a
 * merge one handle answers for all, and the others for none.
 */
import type { IdRun } from '../../model/ids.ts'
import { present } from '../../std/assert.ts'
import type { Descriptors } from './files.ts'
import type { RunFile } from './run.ts'
import { runHas } from './run.ts'
import { ID_WORDS } from './words.ts'

/** `Named`: a file and what its store calls it. */
export interface HeldRuns<Named extends { readonly file: RunFile }> {
  /** Takes a run in, and gives the handle of it. */
  hold(named: Named): IdRun
  /** What is held, each file once. */
  readonly named: readonly Named[]
  /** The handles that answer for something. */
  readonly runs: readonly IdRun[]
  /** Lets `to` answer for all of `from`, which are held. */
  replace(from: readonly Named[], to: Named): void
}

interface Held<Named> {
  current: Named | null
  readonly run: IdRun
}

/** The id that is being looked up. */
const asked = new Int32Array(ID_WORDS)

export function createHeldRuns<Named extends { readonly file: RunFile }>(
  descriptors: Descriptors,
): HeldRuns<Named> {
  let all: Held<Named>[] = []
  return {
    hold: named => {
      const held: Held<Named> = {
        current: named,
        run: {
          bucket: named.file.bucket,
          get idCount() {
            return held.current?.file.idCount ?? 0
          },
          has: (word0, word1, word2, word3) => {
            if (held.current === null) return false
            asked[0] = word0
            asked[1] = word1
            asked[2] = word2
            asked[3] = word3
            return runHas(held.current.file, asked, descriptors)
          },
        },
      }
      all.push(held)
      return held.run
    },
    get named() {
      return all.map(held => held.current).filter(named => named !== null)
    },
    get runs() {
      return all.map(held => held.run)
    },
    replace: (from, to) => {
      const merged = all.filter(held => held.current !== null && from.includes(held.current))
      for (const held of merged) held.current = null
      present(merged[0], 'a merged run').current = to
      all = all.filter(held => held.current !== null)
    },
  }
}
