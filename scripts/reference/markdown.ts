/** Markdown as the reference pages need it. */

const COLUMNS_MAX = 98

/** A table with aligned columns; cells may hold any text. */
export function toTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const cells = [head, ...rows].map(row => row.map(cell => cell.replaceAll('|', '\\|')))
  const widths = head.map((_, at) => Math.max(3, ...cells.map(row => widthOf(row[at]))))
  const toLine = (row: readonly string[]): string =>
    `| ${widths.map((width, at) => pad(row[at] ?? '', width)).join(' | ')} |`
  const [first = [], ...rest] = cells
  const rule = `| ${widths.map(width => '-'.repeat(width)).join(' | ')} |`
  return [toLine(first), rule, ...rest.map(toLine)].join('\n')
}

function widthOf(cell: string | undefined): number {
  return Array.from(cell ?? '').length
}

function pad(cell: string, width: number): string {
  return cell + ' '.repeat(width - widthOf(cell))
}

export function code(text: string): string {
  return text === '' ? '' : `\`${text}\``
}

/** One paragraph, its lines at most as wide as the others of this project. */
export function paragraph(text: string): string {
  return wrap(text, '').join('\n')
}

export function list(items: readonly string[]): string {
  return items.map(item => `- ${wrap(item, '  ').join('\n')}`).join('\n')
}

/** Breaks at spaces; `indent` goes before all lines but the first. */
function wrap(text: string, indent: string): readonly string[] {
  const [first = '', ...words] = text.split(' ')
  const lines = [first]
  for (const word of words) {
    const last = lines.pop() ?? ''
    if (last.length + 1 + word.length <= COLUMNS_MAX) lines.push(`${last} ${word}`)
    else lines.push(last, `${indent}${word}`)
  }
  return lines
}

/** Paragraphs, tables and headings to a page. `source` is the file that it is made from. */
export function toPage(
  title: string,
  source: string,
  parts: readonly (string | readonly string[])[],
): string {
  const note = `<!-- Made from ${source} by \`npm run build:docs\`; a test compares. -->`
  return `${[note, `# ${title}`, ...parts.flat()].join('\n\n')}\n`
}
