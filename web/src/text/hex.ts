/** Bytes as `hexdump -C` shows them: place, sixteen bytes, and what of them is plain ASCII. */

export const HEX_BYTES_MAX = 4_096
const WIDTH = 16

/** The bytes of a reject, whatever they were sent as. */
export function toBytes(value: string, encoding: 'utf8' | 'base64' | null): Uint8Array {
  if (encoding !== 'base64') return new TextEncoder().encode(value)
  return Uint8Array.from(atob(value), character => character.charCodeAt(0))
}

/** Of the first HEX_BYTES_MAX. */
export function toHexDump(bytes: Uint8Array): string {
  const lines: string[] = []
  for (let start = 0; start < Math.min(bytes.length, HEX_BYTES_MAX); start += WIDTH) {
    const line = [...bytes.subarray(start, start + WIDTH)]
    const hex = line.map(byte => byte.toString(16).padStart(2, '0')).join(' ')
    const text = line.map(byte => (byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : '.'))
    lines.push(
      `${start.toString(16).padStart(6, '0')}  ${hex.padEnd(WIDTH * 3 - 1)}  ${text.join('')}`,
    )
  }
  return lines.join('\n')
}
