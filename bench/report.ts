/** What the benches print: the machine, headings, tables, and numbers for people. */
import { cpus, totalmem } from 'node:os'
import process from 'node:process'
import { toTable } from './table.ts'

export function machineText(): string {
  const [cpu] = cpus()
  const gib = Math.round(totalmem() / 2 ** 30)
  return `${cpu?.model.trim()}, ${cpus().length} cores, ${gib} GiB, Node ${process.version}`
}

export function heading(title: string): void {
  say(`\n${title}`)
}

export function table(head: readonly string[], rows: readonly (readonly string[])[]): void {
  say(toTable(head, rows))
}

export function say(text: string): void {
  process.stdout.write(`${text}\n`)
}

export function whole(value: number): string {
  return Math.round(value).toLocaleString('en-US')
}

export function fixed(values: readonly number[]): string {
  return values.map(value => value.toFixed(2)).join(', ')
}

export function median(values: readonly number[]): number {
  return quantile(values, 0.5)
}

/** `share` of them are smaller; NaN where there is none. */
export function quantile(values: readonly number[], share: number): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length * share)] ?? Number.NaN
}
