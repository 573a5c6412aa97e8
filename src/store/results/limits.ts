/** The bounds of a results place, for its writers. */
import { MINUTE_MS } from '../../std/units.ts'

export interface Limits {
  /** Objects of one tier before they are merged. */
  readonly crowd: number
  /** The newest so many commits are not merged, so that readers who keep up never read twice. */
  readonly commitsUnmerged: number
  /** Rows of one gzip member. */
  readonly rowsMax: number
  /** How long what no manifest names any more stays, for readers of an older one. */
  readonly garbageMs: number
  /** How often, at most, other owners' manifests are read again, and looked for. */
  readonly peersMs: number
  readonly peersListMs: number
}

export const LIMITS: Limits = {
  crowd: 8,
  commitsUnmerged: 16,
  rowsMax: 200_000,
  garbageMs: 10 * MINUTE_MS,
  peersMs: 500,
  peersListMs: 5_000,
}
