/**
 * Which objects to merge, decided from the manifest alone. What a commit wrote is of tier 0; where
 * more than so many of one tier are, they become some of the next: a row is rewritten once per
 * tier, and the tiers grow with the logarithm of the commits.
 */

export interface Tiered {
  readonly tier: number
}

/** The oldest of a crowded tier, of the lowest such tier; empty: none is crowded. */
export function planTier<Entry extends Tiered>(
  entries: readonly Entry[],
  crowd: number,
): readonly Entry[] {
  const tiers = [...Map.groupBy(entries, entry => entry.tier)].toSorted(([a], [b]) => a - b)
  for (const [, ofTier] of tiers) {
    if (ofTier.length > crowd) return ofTier.slice(0, crowd * 2)
  }
  return []
}

export interface Ranged extends Tiered {
  readonly rows: number
  readonly from: string | null
  readonly to: string | null
}

/**
 * Of entries to merge those that need no rewriting: large ones whose windows none of the others
 * has. They only rise.
 */
export function findApart<Entry extends Ranged>(
  entries: readonly Entry[],
  rowsMin: number,
): readonly Entry[] {
  return entries.filter(
    entry =>
      entry.rows >= rowsMin && entries.every(other => other === entry || !overlap(entry, other)),
  )
}

/** Of `all`, which has no bounds, everything overlaps. */
export function overlap(
  left: Pick<Ranged, 'from' | 'to'>,
  right: Pick<Ranged, 'from' | 'to'>,
): boolean {
  const [fromA, toA, fromB, toB] = [left.from, left.to, right.from, right.to].map(toMs)
  if (fromA === undefined || toA === undefined) return true
  if (fromB === undefined || toB === undefined) return true
  return fromA <= toB && fromB <= toA
}

function toMs(text: string | null): number | undefined {
  return text === null ? undefined : Date.parse(text)
}

/** `from` to be replaced by `to` in a list of entries; `to` may be a part of what is unchanged. */
export interface Replacement<Entry> {
  readonly from: readonly Entry[]
  readonly to: readonly Entry[]
}

/**
 * Entries with what was merged in place; a replacement of which something is gone does not count,
 * and is told in `lost`.
 */
export function replaceEntries<Entry>(
  entries: readonly Entry[],
  replacements: readonly Replacement<Entry>[],
): { readonly entries: readonly Entry[]; readonly lost: readonly Replacement<Entry>[] } {
  let list = [...entries]
  const lost: Replacement<Entry>[] = []
  for (const replacement of replacements) {
    const { from, to } = replacement
    if (!from.every(entry => list.includes(entry))) {
      lost.push(replacement)
      continue
    }
    const place = list.findIndex(entry => from.includes(entry))
    const before = list.slice(0, place)
    list = [...before, ...to, ...list.slice(place).filter(entry => !from.includes(entry))]
  }
  return { entries: list, lost }
}
