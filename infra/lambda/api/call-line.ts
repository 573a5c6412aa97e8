/**
 * One line of log for each call, from which CloudWatch makes metrics: "Embedded metric format
 * specification" of its user guide.
 * The function's name is the only dimension: each set of dimensions is a metric of its own, and is
 * paid for. Route and status stand beside, for Logs Insights.
 */
import type { Call } from '../../../src/api/lambda/gateway.ts'

export interface CallLine extends Call {
  /** ms since the epoch. */
  readonly atMs: number
  readonly durationMs: number
  /** Whether it was the first of its container. */
  readonly isCold: boolean
}

const NAMESPACE = 'Weir'
const SERVICE = 'api'
const METRICS = [
  { Name: 'Latency', Unit: 'Milliseconds' },
  { Name: 'Requests', Unit: 'Count' },
  { Name: 'ClientErrors', Unit: 'Count' },
  { Name: 'ServerErrors', Unit: 'Count' },
]

export function toCallLine(line: CallLine): string {
  const { requestId, route, status, atMs, durationMs, isCold } = line
  return JSON.stringify({
    _aws: {
      Timestamp: atMs,
      CloudWatchMetrics: [{ Namespace: NAMESPACE, Dimensions: [['Service']], Metrics: METRICS }],
    },
    Service: SERVICE,
    Latency: Math.round(durationMs * 100) / 100,
    Requests: 1,
    ClientErrors: status >= 400 && status < 500 ? 1 : 0,
    ServerErrors: status >= 500 ? 1 : 0,
    Route: route,
    Status: status,
    Cold: isCold,
    RequestId: requestId,
  })
}
