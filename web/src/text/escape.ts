/**
 * The bytes of a rejected record, made visible. Anyone may have sent them, so all that a screen
 * would hide or rearrange is escaped: controls, direction marks, zero-width and private characters.
 */

/** Characters shown at most; 64 KiB of a record would bury the page. */
export const SHOWN_SIZE_MAX = 4_000

const UNSEEN = /[\p{C}\p{Zl}\p{Zp}\u115f\u1160\u3164\uffa0\ufffd]|[^\S ]/gu
const NAMED: { readonly [character: string]: string } = {
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
}

export interface Shown {
  readonly text: string
  /** Characters (of base64: bytes) that are not shown. */
  readonly hiddenCount: number
}

/** Text or bytes of a reject, escaped and cut; null: the record had no value. */
export function toShown(value: string | null, encoding: 'utf8' | 'base64' | null): Shown | null {
  if (value === null) return null
  const isText = encoding !== 'base64'
  const whole = isText ? value : fromBase64(value)
  const head = whole.slice(0, SHOWN_SIZE_MAX)
  return {
    text: isText ? escapeText(head) : escapeBytes(head),
    hiddenCount: whole.length - head.length,
  }
}

export function escapeText(text: string): string {
  return text.replaceAll('\\', '\\\\').replace(UNSEEN, toEscape)
}

/** `bytes` holds one byte in each character. */
function escapeBytes(bytes: string): string {
  const toByte = (character: string): string =>
    NAMED[character] ?? `\\x${toHex(character.charCodeAt(0), 2)}`
  return bytes.replaceAll('\\', '\\\\').replace(/[^ -~]/g, toByte)
}

function fromBase64(text: string): string {
  try {
    return atob(text)
  } catch {
    return text
  }
}

function toEscape(character: string): string {
  const named = NAMED[character]
  if (named !== undefined) return named
  const point = character.codePointAt(0) ?? 0
  return point > 0xffff ? `\\u{${toHex(point, 0)}}` : `\\u${toHex(point, 4)}`
}

function toHex(value: number, size: number): string {
  return value.toString(16).padStart(size, '0')
}
