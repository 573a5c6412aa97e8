/** Runs a fast-check property so that a failure prints the one line that reruns it. */
import fc from 'fast-check'

/** From the environment of a rerun: `WEIR_TEST_SEED` and `WEIR_TEST_PATH`. */
const SEED = process.env['WEIR_TEST_SEED']
const PATH = process.env['WEIR_TEST_PATH']
/** Shrinking a failure ends then: below the time that such a test may take, so that it is told. */
const CHECK_MS_MAX = 100_000

export function checkProperty<Inputs>(property: fc.IProperty<Inputs>, runCount: number): void {
  report(fc.check(property, options<Inputs>(runCount)))
}

export async function checkAsyncProperty<Inputs>(
  property: fc.IAsyncProperty<Inputs>,
  runCount: number,
): Promise<void> {
  const limits = { interruptAfterTimeLimit: CHECK_MS_MAX }
  report(await fc.check(property, { ...options<Inputs>(runCount), ...limits }))
}

function options<Inputs>(runCount: number): fc.Parameters<Inputs> {
  return {
    numRuns: runCount,
    ...(SEED === undefined ? {} : { seed: Number(SEED) }),
    ...(PATH === undefined ? {} : { path: PATH }),
  }
}

function report<Inputs>(details: fc.RunDetails<Inputs>): void {
  if (!details.failed) {
    if (details.interrupted) throw new Error(`only ${details.numRuns} cases in ${CHECK_MS_MAX} ms`)
    return
  }
  const rerun = `WEIR_TEST_SEED=${details.seed} WEIR_TEST_PATH=${details.counterexamplePath ?? ''}`
  throw new Error(
    `rerun: ${rerun} npm test -- -t '<this test>'\n${fc.stringify(details.counterexample)}`,
    { cause: details.errorInstance },
  )
}
