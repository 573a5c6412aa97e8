/** What a bench process tells of one run, and the clock around it. */
import process from 'node:process'

export interface Measured {
  readonly what: string
  readonly events: number
  readonly bytes: number
  /** Of all threads of the process. */
  readonly cpuSeconds: number
  readonly seconds: number
  /** The most that the process ever held. */
  readonly rssMib: number
  /** What was counted: equal in every program that does the same job. */
  readonly totals: Totals
}

export interface Totals {
  readonly accepted: number
  readonly duplicate: number
  readonly invalid: number
  /** Of all product views, and of all orders, in cents. */
  readonly views: number
  readonly cents: string
}

/** Runs the job once, and tells what it took. */
export async function measure(
  of: Pick<Measured, 'what' | 'events' | 'bytes'>,
  run: () => Promise<void> | void,
  count: () => Promise<Totals> | Totals,
): Promise<Measured> {
  const cpu = process.cpuUsage()
  const startMs = performance.now()
  await run()
  const { user, system } = process.cpuUsage(cpu)
  const seconds = (performance.now() - startMs) / 1000
  const rssMib = process.resourceUsage().maxRSS / 1024
  return { ...of, cpuSeconds: (user + system) / 1e6, seconds, rssMib, totals: await count() }
}

/** How a bench process answers the one that started it. */
export function tell(measured: unknown): void {
  process.stdout.write(`${JSON.stringify(measured)}\n`)
}
