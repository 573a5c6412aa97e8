/** Metrics on stdout, once a minute, where `WEIR_METRICS=emf` asks for them. */
import type { MetricsSample } from '../../api/emf.ts'
import { createEmf } from '../../api/emf.ts'
import { MINUTE_MS, SECOND_MS } from '../../std/units.ts'
import type { CommandContext } from '../terminal/command.ts'

export interface MetricsOptions {
  /** The command: a dimension of every metric. */
  readonly service: 'collect' | 'digest' | 'serve' | 'start'
  readonly sample: () => MetricsSample | Promise<MetricsSample>
  readonly signal: AbortSignal
}

/** By then a worker has its shards; what counters come to is told from there. */
const FIRST_MS = 10 * SECOND_MS

export async function runMetrics(context: CommandContext, options: MetricsOptions): Promise<void> {
  const { config, clock, terminal } = context
  const { service, sample, signal } = options
  if (config.settings.metrics !== 'emf') return
  const toLines = createEmf(service)
  await clock.sleep(FIRST_MS, signal)
  while (!signal.aborted) {
    for (const line of toLines(await sample())) terminal.print(line)
    await clock.sleep(MINUTE_MS, signal)
  }
}
