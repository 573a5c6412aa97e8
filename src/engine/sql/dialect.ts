/** Where DuckDB's SQL and Spark's differ in our queries: how names and texts are written. */

export interface Dialect {
  readonly name: 'duckdb' | 'spark'
  readonly quote: (name: string) => string
  readonly text: (value: string) => string
}

export const DIALECTS: { readonly [Name in Dialect['name']]: Dialect } = {
  duckdb: {
    name: 'duckdb',
    quote: name => `"${name.replaceAll('"', '""')}"`,
    text: toDuckDbText,
  },
  spark: {
    name: 'spark',
    quote: name => `\`${name.replaceAll('`', '``')}\``,
    text: value => `'${value.replaceAll(/[\p{Cc}\p{Cf}'"\\$]/gu, escapeForSpark)}'`,
  },
}

/** DuckDB has no escapes but the doubled quote; what cannot stand in a query is joined by code. */
function toDuckDbText(value: string): string {
  const pieces = value
    .split(/(\p{Cc})/u)
    .filter(piece => piece !== '')
    .map(piece =>
      /^\p{Cc}$/u.test(piece)
        ? `chr(${piece.codePointAt(0) ?? 0})`
        : `'${piece.replaceAll("'", "''")}'`,
    )
  if (pieces.length === 0) return "''"
  return pieces.length === 1 ? pieces.join('') : `(${pieces.join(' || ')})`
}

/**
 * Spark reads `\u0027` in a literal; `$` begins a variable that it would put in place, and whether
 * a doubled quote is one quote depends on its version.
 */
function escapeForSpark(character: string): string {
  return Array.from({ length: character.length }, (_, index) => {
    return `\\u${character.charCodeAt(index).toString(16).padStart(4, '0')}`
  }).join('')
}
