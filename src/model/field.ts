/**
 * The types that a field of an event may have. A field is plain data: the scanner's checks, the
 * JSON Schema, the columns of the lake and the docs are all read off it.
 *
 * `null` in an event counts as absent. Every field is required unless it says `optional`.
 */

/** Largest magnitude of an amount, in units of its scale (for money: minor units). */
export const AMOUNT_UNITS_MAX = 1_000_000_000_000_000n

export interface StringField<Optional extends boolean = boolean> {
  readonly kind: 'string'
  readonly optional: Optional
}

/** A JSON number with an integral value, `1.0` and `1e2` included. Bounds are inclusive. */
export interface IntegerField<Optional extends boolean = boolean> {
  readonly kind: 'integer'
  readonly optional: Optional
  readonly min: number
  readonly max: number
}

/** A JSON number kept exactly, as an integer count of 10^-scale; |count| ≤ AMOUNT_UNITS_MAX. */
export interface DecimalField<Optional extends boolean = boolean> {
  readonly kind: 'decimal'
  readonly optional: Optional
  readonly scale: number
}

/** A JSON number of the event's currency, kept exactly in its minor units. May be negative. */
export interface MoneyField<Optional extends boolean = boolean> {
  readonly kind: 'money'
  readonly optional: Optional
}

export interface BooleanField<Optional extends boolean = boolean> {
  readonly kind: 'boolean'
  readonly optional: Optional
}

/** A list of objects, whose known fields are checked; it has no column. */
export interface ListField<Optional extends boolean = boolean> {
  readonly kind: 'list'
  readonly optional: Optional
  readonly fields: FieldMap
}

export type ScalarField = StringField | IntegerField | DecimalField | MoneyField | BooleanField
export type Field = ScalarField | ListField
export type FieldMap = { readonly [name: string]: Field }

/** Whether a builder's options make the field optional; without options it is required. */
type IsOptional<Options> = Options extends { readonly optional: true } ? true : false
interface Presence {
  readonly optional?: boolean
}

function isOptional<Options extends Presence>(options: Options | undefined): IsOptional<Options> {
  return (options?.optional ?? false) as IsOptional<Options>
}

/** A string of any length that the event's size allows; the empty one included. */
export function string<const Options extends Presence>(
  options?: Options,
): StringField<IsOptional<Options>> {
  return { kind: 'string', optional: isOptional(options) }
}

/** An integer within min..max, by default within ±(2^53 - 1). */
export function integer<
  const Options extends Presence & { readonly min?: number; readonly max?: number },
>(options?: Options): IntegerField<IsOptional<Options>> {
  return {
    kind: 'integer',
    optional: isOptional(options),
    min: options?.min ?? Number.MIN_SAFE_INTEGER,
    max: options?.max ?? Number.MAX_SAFE_INTEGER,
  }
}

/** A number with at most `scale` (0..9) decimals, trailing zeros aside. */
export function decimal<const Options extends Presence>(
  scale: number,
  options?: Options,
): DecimalField<IsOptional<Options>> {
  return { kind: 'decimal', optional: isOptional(options), scale }
}

/** An amount of the event's `data.currency`, with at most that currency's decimals. */
export function money<const Options extends Presence>(
  options?: Options,
): MoneyField<IsOptional<Options>> {
  return { kind: 'money', optional: isOptional(options) }
}

export function boolean<const Options extends Presence>(
  options?: Options,
): BooleanField<IsOptional<Options>> {
  return { kind: 'boolean', optional: isOptional(options) }
}

/** A list of objects with these fields. */
export function list<const Options extends Presence>(
  fields: FieldMap,
  options?: Options,
): ListField<IsOptional<Options>> {
  return { kind: 'list', optional: isOptional(options), fields }
}
