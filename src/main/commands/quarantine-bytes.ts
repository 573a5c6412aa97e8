/** Bytes of strangers, made safe for a terminal: as text where they are, else as hex digits. */
import { fromUtf8Strict } from '../../std/bytes.ts'
import { toSafeText } from '../terminal/terminal.ts'

const SHORT_LENGTH_MAX = 60
const HEX_BYTES_A_LINE = 16

/** One short line; '–' for none. */
export function toShortText(
  bytes: Uint8Array | null,
  lengthMax: number = SHORT_LENGTH_MAX,
): string {
  if (bytes === null) return '–'
  const text = fromUtf8Strict(bytes)
  const line = text === null ? `0x${Buffer.from(bytes).toString('hex')}` : toSafeText(text)
  const letters = Array.from(line)
  if (letters.length <= lengthMax) return line
  return `${letters.slice(0, lengthMax).join('')}…`
}

/** All of them. Line ends of a text are kept; bytes that are no text come 16 a line. */
export function toByteLines(bytes: Uint8Array): readonly string[] {
  const text = fromUtf8Strict(bytes)
  if (text !== null) return text.split('\n').map(toSafeText)
  const lines: string[] = []
  for (let start = 0; start < bytes.length; start += HEX_BYTES_A_LINE) {
    const some = Buffer.from(bytes.subarray(start, start + HEX_BYTES_A_LINE))
    const hex = some.toString('hex').replaceAll(/(..)(?=.)/g, '$1 ')
    const shown = some.toString('latin1').replaceAll(/[^ -~]/g, '.')
    lines.push(`${hex.padEnd(3 * HEX_BYTES_A_LINE)} ${shown}`)
  }
  return lines
}
