/** What a person is told of, each with what to do about it in its text. */
import type { IAlarm, IMetric } from 'aws-cdk-lib/aws-cloudwatch'
import { Alarm, ComparisonOperator, TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch'
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions'
import type { IFunction } from 'aws-cdk-lib/aws-lambda'
import type { ITopic } from 'aws-cdk-lib/aws-sns'
import type { Construct } from 'constructs'
import type { Settings } from '../settings.ts'
import { toDiskMetric, toWeirMetric } from './metrics.ts'

export interface AlarmsProps {
  readonly settings: Settings
  readonly news: ITopic
  /** What answers the API; null: it is not there. */
  readonly apiFunction: IFunction | null
}

interface Watch {
  readonly id: string
  readonly metric: IMetric
  readonly above?: number
  readonly below?: number
  /** Of so many values in a row. */
  readonly times: number
  /** What it means, and what to do. */
  readonly text: string
  /** Whether it is an alarm that nothing is told. */
  readonly isSilenceBad?: true
}

const LAG_S_MAX = 300
const FRESHNESS_S_MAX = 120
const DISK_PERCENT_MAX = 80
/** Enough to wake up and mend it, where records are kept for long enough. */
const RETENTION_HOURS_MIN = 24

export function createAlarms(scope: Construct, props: AlarmsProps): readonly IAlarm[] {
  const action = new SnsAction(props.news)
  return toWatches(props).map(watch => createAlarm(scope, watch, action))
}

function toWatches({ settings, apiFunction }: AlarmsProps): readonly Watch[] {
  const watches: Watch[] = [
    {
      id: 'Lag',
      metric: toWeirMetric('LagSeconds'),
      above: LAG_S_MAX,
      times: 5,
      text: 'counting falls behind: look at the logs of digest, or add workers',
    },
    {
      id: 'Silence',
      metric: toWeirMetric('ResidentBytes'),
      below: 1,
      times: 5,
      text: 'nothing counts: no task prints a line; look at the service and why tasks ended',
      isSilenceBad: true,
    },
    {
      id: 'Retention',
      metric: toWeirMetric('RetentionHours'),
      below: Math.min(RETENTION_HOURS_MIN, settings.retentionHours / 2),
      times: 1,
      text: 'Kafka soon deletes what is not counted or archived: start the service',
    },
    {
      id: 'Freshness',
      metric: toWeirMetric('FreshnessSeconds'),
      above: FRESHNESS_S_MAX,
      times: 5,
      text: 'answers are old: look at the logs of digest',
    },
    {
      id: 'Ledger',
      metric: toWeirMetric('LedgerImbalance'),
      above: 0,
      times: 1,
      text: 'a record is unaccounted for: weir audit says where; please report it',
    },
    {
      id: 'Disk',
      metric: toDiskMetric(settings.name),
      above: DISK_PERCENT_MAX,
      times: 1,
      text: 'a broker fills up: give it a larger volume, or keep records for less long',
    },
  ]
  if (apiFunction === null) return watches
  return [
    ...watches,
    {
      id: 'Throttles',
      metric: apiFunction.metricThrottles(),
      above: 0,
      times: 3,
      text: 'the API refuses questions: more come at once than it has functions for',
    },
  ]
}

function createAlarm(scope: Construct, watch: Watch, action: SnsAction): Alarm {
  const { id, metric, above, below, times, text, isSilenceBad = false } = watch
  const alarm = new Alarm(scope, `${id}Alarm`, {
    metric,
    alarmDescription: text,
    threshold: above ?? below ?? 0,
    comparisonOperator:
      above === undefined
        ? ComparisonOperator.LESS_THAN_THRESHOLD
        : ComparisonOperator.GREATER_THAN_THRESHOLD,
    evaluationPeriods: times,
    treatMissingData: isSilenceBad ? TreatMissingData.BREACHING : TreatMissingData.IGNORE,
  })
  alarm.addAlarmAction(action)
  return alarm
}
