import type { WriteStream } from 'node:tty'
import type { Terminal } from './command.ts'

const CLEAR_LINE = '\r\u001b[K'

export function createTerminal(
  out: Pick<WriteStream, 'write'>,
  err: Pick<WriteStream, 'write' | 'isTTY'>,
): Terminal {
  let hasProgress = false
  const clear = (): void => {
    if (hasProgress) err.write(CLEAR_LINE)
    hasProgress = false
  }
  return {
    print: line => {
      clear()
      out.write(`${line}\n`)
    },
    talk: line => {
      clear()
      err.write(`${line}\n`)
    },
    progress: line => {
      if (!err.isTTY) return
      clear()
      if (line === null) return
      err.write(line)
      hasProgress = true
    },
  }
}

/**
 * Text from events made safe for a terminal: control characters, which could move the cursor or
 * hide text, and bidirectional overrides are shown as \u{…}.
 */
export function toSafeText(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, character => {
    return `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`
  })
}
