/** Questions answered from groups that are whole already, as those of a batch run. */
import type { AnswerContext, AnswerGroup, AnswerPart } from '../../model/answer.ts'
import { mergeParts } from '../../model/answer.ts'
import type { Result } from '../../model/result.ts'
import { isDerived } from '../../model/shape.ts'
import { present } from '../../std/assert.ts'
import type { Ask } from '../question.ts'
import { bestOf, createOrder, toPage, toPlaced } from './places.ts'

/** `groups`: each window and key once, of the plan that is kept. */
export function answerGroups(
  groups: readonly AnswerGroup[],
  ask: Ask,
  context: AnswerContext,
): Result {
  const { after } = ask
  const compare = createOrder(ask)
  const shaped = isDerived(ask) ? putTogether(meant(groups, ask), ask) : meant(groups, ask)
  const windows = Map.groupBy(newestOf(shaped, ask), group => group.window.start)
  const placed = [...windows.values()]
    .flatMap(same => bestOf(ask, same))
    .map(group => toPlaced(ask, group))
    .filter(one => after === null || compare(one.place, after) > 0)
    .toSorted((a, b) => compare(a.place, b.place))
  return toPage(ask, placed, context)
}

function meant(groups: readonly AnswerGroup[], ask: Ask): readonly AnswerGroup[] {
  const { fromMs, toMs, filters } = ask
  const windows = ask.windows === null ? null : new Set(ask.windows)
  return groups.filter(
    ({ window, key }) =>
      (fromMs === null || window.start >= fromMs) &&
      (toMs === null || window.start < toMs) &&
      (windows === null || windows.has(window.start)) &&
      filters.every(({ index, values }) => values.has(key[index] ?? null)),
  )
}

/** Nothing that is told of them is a distinct count: those do not add up. */
function putTogether(
  groups: readonly AnswerGroup[],
  { kept, windowing }: Ask,
): readonly AnswerGroup[] {
  const found = new Map<string, AnswerGroup[]>()
  for (const group of groups) {
    const key = kept.map(index => group.key[index] ?? null)
    const window = windowing === null ? group.window : windowing(group.window.start)
    const name = JSON.stringify([window.start, ...key])
    const known = found.get(name)
    if (known === undefined) found.set(name, [{ ...group, key, window }])
    else known.push({ ...group, key, window })
  }
  return [...found.values()].map(same => {
    const parts = new Map<string | null, AnswerPart>()
    for (const part of same.flatMap(group => group.parts)) {
      const known = parts.get(part.currency)
      parts.set(part.currency, known === undefined ? part : mergeParts(known, part))
    }
    const first = present(same[0], 'a group')
    return { ...first, parts: [...parts.values()].toSorted(byCurrency) }
  })
}

function byCurrency(left: AnswerPart, right: AnswerPart): number {
  return (left.currency ?? '') < (right.currency ?? '') ? -1 : 1
}

function newestOf(groups: readonly AnswerGroup[], { last }: Ask): readonly AnswerGroup[] {
  if (last === null) return groups
  const starts = [...new Set(groups.map(({ window }) => window.start))]
  const newest = new Set(starts.toSorted((a, b) => (a > b ? -1 : 1)).slice(0, last))
  return groups.filter(({ window }) => newest.has(window.start))
}
