/**
 * One line of log for each call, from which CloudWatch makes metrics. The service is the only
 * dimension; route and status stand beside, for Logs Insights.
 */
import { toEmfLine } from '../../../src/api/emf.ts'
import type { Call } from '../../../src/api/lambda/gateway.ts'

export interface CallLine extends Call {
  /** ms since the epoch. */
  readonly atMs: number
  readonly durationMs: number
  /** Whether it was the first of its container. */
  readonly isCold: boolean
}

export function toCallLine(line: CallLine): string {
  const { requestId, route, status, atMs, durationMs, isCold } = line
  const isClients = status >= 400 && status < 500
  return toEmfLine({
    atMs,
    labels: { Service: 'api' },
    metrics: [
      { name: 'Latency', unit: 'Milliseconds', value: Math.round(durationMs * 100) / 100 },
      { name: 'Requests', unit: 'Count', value: 1 },
      { name: 'ClientErrors', unit: 'Count', value: isClients ? 1 : 0 },
      { name: 'ServerErrors', unit: 'Count', value: status >= 500 ? 1 : 0 },
    ],
    beside: { Route: route, Status: status, Cold: isCold, RequestId: requestId },
  })
}
