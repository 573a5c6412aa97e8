/**
 * The numbers that alarms and the dashboard look at. Those of namespace `Weir` are lines that the
 * processes print (`WEIR_METRICS=emf`), a minute each.
 */
import { Duration } from 'aws-cdk-lib'
import { MathExpression, Metric, Stats } from 'aws-cdk-lib/aws-cloudwatch'
import { BROKERS } from './kafka-cluster.ts'

export const MINUTE: Duration = Duration.minutes(1)
const FIVE_MINUTES: Duration = Duration.minutes(5)

export type WeirMetric =
  | 'FreshnessSeconds'
  | 'LagSeconds'
  | 'LedgerImbalance'
  | 'ResidentBytes'
  | 'RetentionHours'

/** Of the tasks that count, the worst: src/api/emf.ts says what each is. */
export function toWeirMetric(metricName: WeirMetric): Metric {
  return new Metric({
    namespace: 'Weir',
    metricName,
    dimensionsMap: { Service: 'digest' },
    statistic: metricName === 'RetentionHours' ? Stats.MINIMUM : Stats.MAXIMUM,
    period: MINUTE,
  })
}

/** Percent of its volume that the fullest broker uses. */
export function toDiskMetric(clusterName: string): MathExpression {
  const brokers = Array.from({ length: BROKERS }, (_, index) => {
    const metric = new Metric({
      namespace: 'AWS/Kafka',
      metricName: 'KafkaDataLogsDiskUsed',
      dimensionsMap: { 'Cluster Name': clusterName, 'Broker ID': String(index + 1) },
      statistic: Stats.MAXIMUM,
      period: FIVE_MINUTES,
    })
    return [`b${index + 1}`, metric] as const
  })
  return new MathExpression({
    expression: `MAX([${brokers.map(([id]) => id).join(', ')}])`,
    usingMetrics: Object.fromEntries(brokers),
    period: FIVE_MINUTES,
    label: 'fullest broker, %',
  })
}

export function toTaskMetric(
  metricName: 'CPUUtilization' | 'MemoryUtilization',
  name: string,
): Metric {
  return new Metric({
    namespace: 'AWS/ECS',
    metricName,
    dimensionsMap: { ClusterName: name, ServiceName: name },
    statistic: Stats.AVERAGE,
    period: FIVE_MINUTES,
  })
}
