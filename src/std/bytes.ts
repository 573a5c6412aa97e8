/** Bytes and texts: UTF-8, its order, joining. */

const encoder = new TextEncoder()
const decoder = new TextDecoder('utf-8', { ignoreBOM: true })
const decoderFatal = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** UTF-8 bytes of `text`; a lone surrogate becomes U+FFFD. */
export function toUtf8(text: string): Uint8Array {
  return encoder.encode(text)
}

/** Text of UTF-8 bytes; what is not UTF-8 becomes U+FFFD. A byte order mark is kept. */
export function fromUtf8(bytes: Uint8Array): string {
  return decoder.decode(bytes)
}

/** Text of UTF-8 bytes, or null where they are not valid UTF-8. A byte order mark is kept. */
export function fromUtf8Strict(bytes: Uint8Array): string | null {
  try {
    return decoderFatal.decode(bytes)
  } catch {
    return null
  }
}

/** Order of two strings by their UTF-8 bytes: code point order, without encoding either. */
export function compareUtf8(left: string, right: string): number {
  const size = Math.min(left.length, right.length)
  for (let index = 0; index < size; index += 1) {
    const a = left.charCodeAt(index)
    const b = right.charCodeAt(index)
    if (a === b) continue
    // A surrogate half stands for a code point above every other UTF-16 unit.
    return toCodePointRank(a) - toCodePointRank(b)
  }
  return left.length - right.length
}

function toCodePointRank(unit: number): number {
  return unit >= 0xd800 && unit <= 0xdfff ? unit + 0x1_0000 : unit
}

/** One array of all `parts`, in order. */
export function concatBytes(parts: readonly Uint8Array[]): Uint8Array {
  let size = 0
  for (const part of parts) size += part.length
  const whole = new Uint8Array(size)
  let offset = 0
  for (const part of parts) {
    whole.set(part, offset)
    offset += part.length
  }
  return whole
}
