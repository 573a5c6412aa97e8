/** One page of graphs, for whoever was told of an alarm. */
import type { IAlarm, IMetric } from 'aws-cdk-lib/aws-cloudwatch'
import { AlarmStatusWidget, Dashboard, GraphWidget } from 'aws-cdk-lib/aws-cloudwatch'
import type { IFunction } from 'aws-cdk-lib/aws-lambda'
import type { Construct } from 'constructs'
import type { Settings } from '../settings.ts'
import { toDiskMetric, toTaskMetric, toWeirMetric } from './metrics.ts'

export interface GraphsProps {
  readonly settings: Settings
  readonly alarms: readonly IAlarm[]
  /** What answers the API; null: it is not there. */
  readonly apiFunction: IFunction | null
}

/** Of the 24 columns that a dashboard has. */
const WIDTH = 12
const HEIGHT = 6

export function createGraphs(scope: Construct, props: GraphsProps): void {
  const { settings, alarms } = props
  const dashboard = new Dashboard(scope, 'Dashboard', { dashboardName: settings.name })
  dashboard.addWidgets(
    new AlarmStatusWidget({ title: 'alarms', alarms: [...alarms], width: 2 * WIDTH }),
  )
  const graphs = toGraphs(props)
  for (let first = 0; first < graphs.length; first += 2) {
    dashboard.addWidgets(...graphs.slice(first, first + 2))
  }
}

function toGraphs({ settings, apiFunction }: GraphsProps): readonly GraphWidget[] {
  const graph = (title: string, metrics: readonly IMetric[]): GraphWidget =>
    new GraphWidget({ title, left: [...metrics], width: WIDTH, height: HEIGHT })
  const graphs = [
    graph('seconds behind', [toWeirMetric('LagSeconds'), toWeirMetric('FreshnessSeconds')]),
    graph('hours until Kafka deletes what is unread', [toWeirMetric('RetentionHours')]),
    graph('records unaccounted for', [toWeirMetric('LedgerImbalance')]),
    graph('brokers', [toDiskMetric(settings.name)]),
    graph('tasks, %', [
      toTaskMetric('CPUUtilization', settings.name),
      toTaskMetric('MemoryUtilization', settings.name),
    ]),
  ]
  if (apiFunction === null) return graphs
  return [
    ...graphs,
    graph('the API', [
      apiFunction.metricInvocations(),
      apiFunction.metricErrors(),
      apiFunction.metricThrottles(),
    ]),
  ]
}
