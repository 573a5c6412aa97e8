/**
 * A run that failed, as a line of the log that CloudWatch counts: the metric `FailedRuns`. An
 * instance of EC2 counts its own into the same.
 */
import { toEmfLine } from '../../../src/api/emf.ts'

export function toFailureLine(atMs: number, run: string, reason: string): string {
  return toEmfLine({
    atMs,
    labels: { Service: 'runs' },
    metrics: [{ name: 'FailedRuns', unit: 'Count', value: 1 }],
    beside: { run, reason },
  })
}
