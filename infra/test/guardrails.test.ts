import { Match } from 'aws-cdk-lib/assertions'
import { describe, expect, test } from 'vitest'
import { createEmf } from '../../src/api/emf.ts'
import { samplePartition } from '../../src/api/ledger.fixture.ts'
import { templateOf } from './support/assembly.ts'

interface Notification {
  readonly Notification: { readonly NotificationType: string; readonly Threshold: number }
  readonly Subscribers: readonly { readonly Address: { readonly Ref: string } }[]
}

const template = templateOf('guardrails')

/** Two records behind. */
const PARTITION = samplePartition({
  offset_end: 12,
  lag: 2,
  lag_seconds: 3.5,
  retention_hours: 167.9,
})

describe('the budget', () => {
  const budgets = Object.values(template.findResources('AWS::Budgets::Budget'))
  const notifications = budgets.flatMap(
    budget => budget['Properties'].NotificationsWithSubscribers as readonly Notification[],
  )

  test('tells at half, at four fifths and at the end, of what is and what will be', () => {
    const told = notifications.map(({ Notification: { NotificationType, Threshold } }) => {
      return `${NotificationType} ${Threshold}`
    })
    expect(told.sort()).toEqual([
      'ACTUAL 100',
      'ACTUAL 50',
      'ACTUAL 80',
      'FORECASTED 100',
      'FORECASTED 50',
      'FORECASTED 80',
    ])
    for (const budget of budgets) {
      expect(budget['Properties'].Budget).toMatchObject({
        BudgetLimit: { Amount: 300, Unit: 'USD' },
        TimeUnit: 'MONTHLY',
      })
    }
  })

  test('only at its end tells what stops things', () => {
    const stopping = notifications.filter(({ Subscribers: [first] }) =>
      first?.Address.Ref.startsWith('Spent'),
    )
    expect(stopping.map(one => one.Notification)).toMatchObject([
      { NotificationType: 'ACTUAL', Threshold: 100 },
    ])
    template.hasResourceProperties('AWS::SNS::Subscription', {
      Protocol: 'lambda',
      TopicArn: { Ref: Match.stringLikeRegexp('^Spent') },
    })
  })

  test('is of the account, or of the tag', () => {
    for (const budget of budgets) expect(budget['Properties'].Budget.CostFilters).toBeUndefined()
    templateOf('guardrails', { budgetScope: 'tag' }).allResourcesProperties(
      'AWS::Budgets::Budget',
      { Budget: Match.objectLike({ CostFilters: { TagKeyValue: ['user:weir$weir'] } }) },
    )
  })

  test('takes the right to start runs from whoever starts them, and nothing else', () => {
    template.hasResourceProperties('AWS::Budgets::BudgetsAction', {
      ActionType: 'APPLY_IAM_POLICY',
      ApprovalModel: 'AUTOMATIC',
      NotificationType: 'ACTUAL',
      ActionThreshold: { Type: 'PERCENTAGE', Value: 100 },
      Definition: { IamActionDefinition: { Roles: [Match.anyValue()] } },
    })
    template.hasResourceProperties('AWS::IAM::ManagedPolicy', {
      PolicyDocument: {
        Statement: [
          Match.objectLike({
            Effect: 'Deny',
            Action: ['emr-serverless:StartJobRun', 'emr-serverless:StartApplication'],
          }),
          Match.objectLike({ Effect: 'Deny', Action: ['ec2:RunInstances', 'ec2:StartInstances'] }),
        ],
      },
    })
    template.hasResourceProperties('AWS::IAM::Policy', {
      PolicyDocument: {
        Statement: [
          {
            Effect: 'Allow',
            Action: ['iam:AttachRolePolicy', 'iam:DetachRolePolicy'],
            Resource: Match.objectLike({ 'Fn::ImportValue': Match.anyValue() }),
            Condition: {
              ArnEquals: { 'iam:PolicyARN': { Ref: Match.stringLikeRegexp('^NoMoreRuns') } },
            },
          },
        ],
      },
    })
  })
})

describe('what stops', () => {
  test('is told the names that the stream has', () => {
    template.hasResourceProperties('AWS::Lambda::Function', {
      Environment: { Variables: Match.objectLike({ WEIR_CLUSTER: 'weir', WEIR_SERVICES: 'weir' }) },
    })
    const stream = templateOf('stream')
    stream.hasResourceProperties('AWS::ECS::Cluster', { ClusterName: 'weir' })
    stream.hasResourceProperties('AWS::ECS::Service', { ServiceName: 'weir' })
  })

  test('ends instances of runs where there are any, and no others', () => {
    const actions = (settings: Record<string, unknown>): string =>
      JSON.stringify(templateOf('guardrails', settings).findResources('AWS::IAM::Policy'))
    expect(actions({})).not.toContain('ec2:TerminateInstances')
    expect(actions({ runner: 'ec2' })).toContain(
      '"Condition":{"StringEquals":{"aws:ResourceTag/weir-spark":"weir"}}',
    )
  })
})

describe('alarms', () => {
  const alarms = Object.values(template.findResources('AWS::CloudWatch::Alarm')).map(
    alarm => alarm['Properties'],
  )

  test('look at what the processes print, and tell somebody', () => {
    const names: string[] = alarms
      .filter(alarm => alarm.Namespace === 'Weir')
      .map(alarm => alarm.MetricName)
    expect(names.sort()).toEqual([
      'FreshnessSeconds',
      'LagSeconds',
      'LedgerImbalance',
      'ResidentBytes',
      'RetentionHours',
    ])
    for (const alarm of alarms) {
      expect(alarm.AlarmActions).toEqual([{ Ref: expect.stringMatching(/^News/) }])
      expect(alarm.AlarmDescription).toMatch(/: /)
    }
  })

  test('look where the product prints', () => {
    const counters = { startMs: 0, residentBytes: 1, freshnessS: 1 }
    const lines = createEmf('digest')({
      atMs: 1,
      audit: { balanced: true, progress: null, lag: 0, partitions: [PARTITION] },
      counters: { ...counters, live: null, worker: null, collector: null, refusals: new Map() },
    })
    const [directive] = JSON.parse(lines[0] ?? '')._aws.CloudWatchMetrics
    expect(directive).toMatchObject({ Namespace: 'Weir', Dimensions: [['Service']] })
    const printed = directive.Metrics.map((metric: { readonly Name: string }) => metric.Name)
    for (const alarm of alarms.filter(one => one.Namespace === 'Weir')) {
      expect(printed).toContain(alarm.MetricName)
      expect(alarm.Dimensions).toEqual([{ Name: 'Service', Value: 'digest' }])
    }
  })

  test('silence of what counts is an alarm', () => {
    const silent = alarms.filter(alarm => alarm.TreatMissingData === 'breaching')
    expect(silent.map(alarm => alarm.MetricName)).toEqual(['ResidentBytes'])
  })

  test('hours to loss count down, sooner where little is kept', () => {
    const thresholdOf = (retentionHours: number): unknown => {
      const found = templateOf('guardrails', { retentionHours }).findResources(
        'AWS::CloudWatch::Alarm',
        { Properties: { MetricName: 'RetentionHours' } },
      )
      return Object.values(found)[0]?.['Properties'].Threshold
    }
    expect(thresholdOf(168)).toBe(24)
    expect(thresholdOf(24)).toBe(12)
  })

  test('a dashboard shows all of them', () => {
    const [dashboard] = Object.values(template.findResources('AWS::CloudWatch::Dashboard'))
    const text = JSON.stringify(dashboard)
    for (const word of ['LagSeconds', 'RetentionHours', 'KafkaDataLogsDiskUsed', 'Throttles']) {
      expect(text).toContain(word)
    }
  })
})

describe('whoever is told', () => {
  test('by mail, where there is an address', () => {
    template.resourcePropertiesCountIs('AWS::SNS::Subscription', { Protocol: 'email' }, 0)
    const told = templateOf('guardrails', { alertEmail: 'data@shop.example' })
    told.resourcePropertiesCountIs('AWS::SNS::Subscription', { Protocol: 'email' }, 2)
  })

  test('by this account alone', () => {
    template.allResourcesProperties('AWS::SNS::TopicPolicy', {
      PolicyDocument: {
        Statement: Match.arrayWith([
          Match.objectLike({
            Effect: 'Allow',
            Action: 'sns:Publish',
            Condition: { StringEquals: { 'aws:SourceAccount': { Ref: 'AWS::AccountId' } } },
          }),
        ]),
      },
    })
  })
})
