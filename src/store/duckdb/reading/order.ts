/** The order of rows in SQL, and what comes after a place in it. */
import type { Ask, RowPlace } from '../../question.ts'
import type { Bind } from '../database/binding.ts'
import { keyColumns } from '../tables/schema.ts'

/** One field of the order, the first of them the weightiest. */
type Field =
  | { readonly kind: 'window'; readonly isDescending: boolean }
  | { readonly kind: 'rank'; readonly isDescending: boolean }
  | { readonly kind: 'key'; readonly index: number }

/** As view/places.ts compares rows. */
function fieldsOf({ plan, order }: Ask): readonly Field[] {
  const keys = keyColumns(plan).map((_, index): Field => ({ kind: 'key', index }))
  const isEndless = plan.window.kind === 'all'
  const windows = (isDescending: boolean): readonly Field[] =>
    isEndless ? [] : [{ kind: 'window', isDescending }]
  switch (order.kind) {
    case 'window': {
      const rank: readonly Field[] = plan.top === null ? [] : [{ kind: 'rank', isDescending: true }]
      return [...windows(order.isDescending), ...rank, ...keys]
    }
    case 'key':
      return [...keys, ...windows(false)]
    case 'measure':
      return [{ kind: 'rank', isDescending: order.isDescending }, ...windows(false), ...keys]
  }
}

export function orderOf(ask: Ask): readonly string[] {
  return fieldsOf(ask).map(toOrderText)
}

function toOrderText(field: Field): string {
  switch (field.kind) {
    case 'window':
      return `window_start${field.isDescending ? ' DESC' : ''} NULLS FIRST`
    case 'rank':
      return `rank${field.isDescending ? ' DESC' : ''} NULLS LAST`
    case 'key':
      return `k${field.index} NULLS FIRST`
  }
}

/** Whether a row comes after a place. */
export function afterPlace(ask: Ask, place: RowPlace, bind: Bind): string {
  const fields = fieldsOf(ask).map(field => toSteps(field, place, bind))
  const ways = fields.flatMap(({ past }, index) => {
    if (past === null) return []
    return [[...fields.slice(0, index).map(field => field.same), past].join(' AND ')]
  })
  if (ways.length === 0) return 'false'
  // The first condition alone lets a scan skip what lies before the window of the cursor.
  const least = Number.isFinite(place.windowStart) ? toLeast(ask, place) : ''
  return `${least}(${ways.map(way => `(${way})`).join(' OR ')})`
}

function toLeast({ order }: Ask, { windowStart }: RowPlace): string {
  if (order.kind !== 'window') return ''
  return `window_start ${order.isDescending ? '<' : '>'}= ${BigInt(windowStart)} AND `
}

interface Steps {
  readonly same: string
  /** null: nothing comes after it. */
  readonly past: string | null
}

function toSteps(field: Field, place: RowPlace, bind: Bind): Steps {
  switch (field.kind) {
    case 'window': {
      if (!Number.isFinite(place.windowStart)) return { same: 'true', past: null }
      const start = BigInt(place.windowStart)
      const past = `window_start ${field.isDescending ? '<' : '>'} ${start}`
      return { same: `window_start = ${start}`, past }
    }
    case 'rank': {
      if (place.rank === null) return { same: 'rank IS NULL', past: null }
      const rank = `${place.rank}::HUGEINT`
      const past = `(rank ${field.isDescending ? '<' : '>'} ${rank} OR rank IS NULL)`
      return { same: `rank = ${rank}`, past }
    }
    case 'key': {
      const name = `k${field.index}`
      const text = place.key[field.index] ?? null
      if (text === null) return { same: `${name} IS NULL`, past: `${name} IS NOT NULL` }
      const bound = `${bind(text)}::VARCHAR`
      return { same: `${name} = ${bound}`, past: `${name} > ${bound}` }
    }
  }
}
