/** Random metrics over the shop's types and reviews, of every kind of window and measure. */
import fc from 'fast-check'
import type { OracleMeasure, OracleMetric, OracleWhere } from '../oracle/shop.ts'
import { ODD_TEXT, ZONES } from './random-log.ts'

interface Source {
  /** null: all types. */
  readonly from: readonly string[] | null
  /** What can be grouped by, be distinct, be asked for once: with values that occur. */
  readonly fields: { readonly [path: string]: readonly (string | number | boolean | null)[] }
  readonly numbers: readonly string[]
}

/** An event id may be several users' own, so it is not counted as distinct here. */
const ENVELOPE = { event_type: ['search', 'purchase'], user_id: ['u1', '用户'], session_id: [null] }
const CURRENCY = { 'data.currency': ['EUR', null] }
const COMMON = { ...ENVELOPE, ...CURRENCY }
const PRODUCT = { 'data.product_id': ['p1', '', '\u{1f600}'] }

const SOURCES: readonly Source[] = [
  { from: null, fields: COMMON, numbers: [] },
  {
    from: ['product_view'],
    fields: { ...COMMON, ...PRODUCT, 'data.category': ['a', null] },
    numbers: ['data.price'],
  },
  {
    from: ['add_to_cart'],
    fields: { ...COMMON, ...PRODUCT, 'data.quantity': [1, 10] },
    numbers: ['data.quantity'],
  },
  {
    from: ['purchase'],
    fields: { ...COMMON, 'data.order_id': ['u1-o1'], 'data.payment_method': ['card', null] },
    numbers: ['data.total_amount'],
  },
  {
    from: ['search'],
    fields: { ...COMMON, 'data.query': ['', 'shoe', ODD_TEXT], 'data.results_count': [0, 2, null] },
    numbers: ['data.results_count'],
  },
  {
    from: ['product_view', 'add_to_wishlist', 'add_to_cart'],
    fields: { ...COMMON, ...PRODUCT },
    numbers: [],
  },
  {
    from: ['review_posted'],
    fields: {
      ...COMMON,
      ...PRODUCT,
      'data.stars': [1, 5],
      'data.weight': ['1.250', null],
      'data.verified': [true, false, null],
    },
    numbers: ['data.stars', 'data.weight', 'data.tip'],
  },
]
/** A metric counts once by text only. */
const NOT_TEXT = [
  'data.quantity',
  'data.results_count',
  'data.stars',
  'data.weight',
  'data.verified',
]
const MONEY = ['data.price', 'data.total_amount', 'data.tip']
const WINDOWS = ['minute', 'hour', 'day', 'week', 'month', 'all', '15m', '36h'] as const

export const randomMetric: fc.Arbitrary<OracleMetric> = fc
  .constantFrom(...SOURCES)
  .chain(source => {
    const paths = Object.keys(source.fields)
    const path = fc.constantFrom(...paths)
    const text = fc.constantFrom(...paths.filter(name => !NOT_TEXT.includes(name)))
    return fc
      .record({
        window: fc.constantFrom(...WINDOWS),
        groupBy: fc.uniqueArray(path, { maxLength: 2 }),
        where: whereOf(source),
        once: source.from?.length === 1 ? fc.option(text) : fc.constant(null),
        measures: measuresOf(source, path),
        limit: fc.option(fc.integer({ min: 1, max: 3 })),
        zone: fc.option(fc.constantFrom(...ZONES)),
      })
      .map(({ limit, ...rest }) => {
        const top = limit === null ? null : { by: 'n', limit }
        return { ...rest, from: source.from, name: 'random', top }
      })
  })

function whereOf(source: Source): fc.Arbitrary<OracleWhere | null> {
  const conditions = Object.entries(source.fields).flatMap(([path, values]) =>
    values.map((value): OracleWhere => ({ [path]: value })),
  )
  return fc.option(fc.constantFrom(...conditions), { freq: 2 })
}

function measuresOf(
  source: Source,
  path: fc.Arbitrary<string>,
): fc.Arbitrary<{ readonly [name: string]: OracleMeasure }> {
  const distinct = path.map((field): OracleMeasure => ({ kind: 'count_distinct', field }))
  const where = whereOf(source).map((condition): OracleMeasure => {
    return { kind: 'count', where: condition }
  })
  const numbers = source.numbers.flatMap(field =>
    (['sum', 'min', 'max'] as const).map((kind): [string, OracleMeasure] => {
      return [`${kind}_${field.slice('data.'.length)}`, { kind, field }]
    }),
  )
  return fc.record({ distinct, where }).map(parts => {
    const whole: Record<string, OracleMeasure> = {
      n: { kind: 'count', where: null },
      some: parts.where,
      different: parts.distinct,
      ...Object.fromEntries(numbers),
      share: { kind: 'ratio', numerator: 'different', denominator: 'some' },
    }
    for (const [name, measure] of numbers) {
      whole[`${name}_each`] = { kind: 'ratio', numerator: name, denominator: 'some' }
      const isMoney = 'field' in measure && MONEY.includes(measure.field)
      if (!isMoney) whole[`per_${name}`] = { kind: 'ratio', numerator: 'n', denominator: name }
    }
    return whole
  })
}
