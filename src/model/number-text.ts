/** Numbers as people write them, to JSON numbers, from their digits: no double stands between. */

export const DECIMAL_SIGNS = ['.', ','] as const
export const GROUP_SIGNS = ['.', ',', ' ', "'", 'none'] as const

export type DecimalSign = (typeof DECIMAL_SIGNS)[number]
export type GroupSign = (typeof GROUP_SIGNS)[number]

/** How numbers are written. */
export interface NumberForm {
  readonly decimal: DecimalSign
  /** Between groups of three digits; the other of point and comma unless it is said. */
  readonly group?: GroupSign | undefined
}

const GROUP_CLASSES: { readonly [Sign in GroupSign]: string } = {
  '.': '\\.',
  ',': ',',
  // Also the no-break ones that printed numbers have.
  ' ': '[ \\u00a0\\u202f]',
  "'": "['\\u2019]",
  none: '(?!)',
}

/** Gives a JSON number, or null where the text is not one of that form. */
export type NumberReader = (text: string) => string | null

/** Whether the two signs can be told apart. */
export function isNumberForm({ decimal, group }: NumberForm): boolean {
  return decimal !== group
}

/** Groups are of three digits, and all or none are there: `1.234,50` and `1234,50`. */
export function createNumberReader({ decimal, group }: NumberForm): NumberReader {
  const point = decimal === '.' ? '\\.' : ','
  const groupSign = group ?? (decimal === '.' ? ',' : '.')
  const grouped = `\\d{1,3}(?:${GROUP_CLASSES[groupSign]}\\d{3})+`
  const form = new RegExp(`^([+-]?)(${grouped}|\\d+)(?:${point}(\\d+))?$`)
  return text => {
    const match = form.exec(text.trim())
    if (match === null) return null
    const [, sign = '', whole = '', fraction = ''] = match
    const digits = whole.replaceAll(/\D/g, '').replace(/^0+(?=\d)/, '')
    return `${sign === '-' ? '-' : ''}${digits}${fraction === '' ? '' : `.${fraction}`}`
  }
}
