/** A small table for people: columns to the right, but the first. */
export function toTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((name, column) =>
    Math.max(name.length, ...rows.map(row => row[column]?.length ?? 0)),
  )
  return [head, ...rows]
    .map(row => `  ${row.map((cell, column) => pad(cell, widths[column] ?? 0, column)).join('  ')}`)
    .join('\n')
}

function pad(cell: string, width: number, column: number): string {
  return column === 0 ? cell.padEnd(width) : cell.padStart(width)
}
