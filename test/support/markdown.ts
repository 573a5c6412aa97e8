/** The code blocks of a Markdown file, for the tests that run them. */

export interface CodeBlock {
  readonly language: string
  readonly code: string
  /** From 1, of the opening fence. */
  readonly line: number
  /** Why `<!-- not run: REASON -->` before it says that it is not run; null: it is. */
  readonly notRun: string | null
  /** What a `text` block right after it says that it prints; null: nothing is said. */
  readonly output: string | null
}

const FENCE = /^( *)```(.*)$/
const NOT_RUN = /^<!-- not run: (.+) -->$/

export function parseCodeBlocks(markdown: string): readonly CodeBlock[] {
  const blocks: (CodeBlock & { output: string | null })[] = []
  let open: { language: string; indent: number; line: number; lines: string[] } | null = null
  let notRun: string | null = null
  // The block whose output may follow: nothing but blank lines since.
  let last: (CodeBlock & { output: string | null }) | null = null
  for (const [index, text] of markdown.split('\n').entries()) {
    const fence = FENCE.exec(text)
    if (open !== null) {
      if (fence === null) {
        open.lines.push(text.slice(open.indent))
        continue
      }
      const { language, line } = open
      const code = open.lines.join('\n')
      if (language === 'text' && last !== null) last.output = code
      const block = { language, code, line, notRun, output: null }
      blocks.push(block)
      last = language === 'text' ? null : block
      notRun = null
      open = null
    } else if (fence !== null) {
      const [, indent = '', language = ''] = fence
      open = { language, indent: indent.length, line: index + 1, lines: [] }
    } else if (text.trim() !== '') {
      notRun = NOT_RUN.exec(text.trim())?.[1] ?? null
      last = null
    }
  }
  return blocks
}

/**
 * Whether `actual` is what a page shows. A `…` stands for any part of a line, and one that is alone
 * on its line for any lines; space at the ends of lines does not count.
 */
export function isShownOutput(actual: string, shown: string): boolean {
  const trim = (text: string): string => text.replaceAll(/[ \t]+$/gm, '').trim()
  const pattern = trim(shown)
    .split('\n')
    .map(line => (line === '…' ? '(?:.*\\n?)*?' : `${toLinePattern(line)}\n`))
    .join('')
  return new RegExp(`^${pattern}$`).test(`${trim(actual)}\n`)
}

function toLinePattern(line: string): string {
  return line
    .split('…')
    .map(part => part.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&'))
    .join('.*')
}
