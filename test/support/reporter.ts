/**
 * Closes a run with one plain line, `N passed, N failed, N skipped`, for people and machines alike.
 * What never got to run counts as failed: a module that does not import, an error outside a test.
 */
import type { Reporter, TestModule } from 'vitest/node'

export interface Tally {
  readonly passed: number
  readonly failed: number
  readonly skipped: number
}

/** Prints after the reporters that stand before it in the config. */
export function createTallyReporter(print: (line: string) => void): Reporter {
  return {
    onTestRunEnd: (modules, unhandledErrors) => {
      const tally = countRun(modules, unhandledErrors.length)
      print(`\n${toTallyLine(tally)}\n`)
    },
  }
}

function countRun(modules: readonly TestModule[], unhandledCount: number): Tally {
  let [passed, failed, skipped] = [0, unhandledCount, 0]
  for (const module of modules) {
    // Errors of a module, or of a hook of it, are of no test.
    failed += module.errors().length
    for (const suite of module.children.allSuites()) failed += suite.errors().length
    for (const test of module.children.allTests()) {
      const { state } = test.result()
      if (state === 'passed') passed += 1
      else if (state === 'failed') failed += 1
      else skipped += 1
    }
  }
  return { passed, failed, skipped }
}

export function toTallyLine({ passed, failed, skipped }: Tally): string {
  return `${passed} passed, ${failed} failed${skipped === 0 ? '' : `, ${skipped} skipped`}`
}
