/**
 * A run that failed, as a line of the log that CloudWatch counts: the metric `FailedRuns` of the
 * namespace `Weir`, by `Service`. An instance of EC2 counts its own into the same.
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/
 * CloudWatch_Embedded_Metric_Format_Specification.html
 */
export function toFailureLine(atMs: number, run: string, reason: string): object {
  const directive = {
    Namespace: 'Weir',
    Dimensions: [['Service']],
    Metrics: [{ Name: 'FailedRuns', Unit: 'Count' }],
  }
  return {
    _aws: { Timestamp: atMs, CloudWatchMetrics: [directive] },
    Service: 'runs',
    FailedRuns: 1,
    run,
    reason,
  }
}
