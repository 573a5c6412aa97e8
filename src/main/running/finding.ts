/** What `weir doctor` finds, and how it is shown. */
import type { Terminal } from '../terminal/command.ts'

export interface Finding {
  readonly check: string
  readonly grade: 'good' | 'warning' | 'failed'
  readonly text: string
}

const MARKS = { good: 'ok  ', warning: 'warn', failed: 'FAIL' } as const

export function printFindings(terminal: Terminal, findings: readonly Finding[]): void {
  for (const { grade, text } of findings) terminal.print(`${MARKS[grade]}  ${text}`)
}
