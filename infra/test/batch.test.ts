import { Match } from 'aws-cdk-lib/assertions'
import { describe, expect, test } from 'vitest'
import { RELEASE } from '../src/parts/spark-application.ts'
import { toInstanceTag } from '../src/parts/spark-instance.ts'
import { parseSettings } from '../src/settings.ts'
import { batchAlone } from './support/alone.ts'
import type { PlainTemplate } from './support/resolve.ts'
import { createResolve } from './support/resolve.ts'

const emr = batchAlone({})
const ec2 = batchAlone({ runner: 'ec2' })

/** https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instancedata-add-user-data.html */
const USER_DATA_BYTES_MAX = 16_384

describe('EMR Serverless', () => {
  test('runs Spark 4 on ARM, up to a cap, and stops when it is idle', () => {
    emr.hasResourceProperties('AWS::EMRServerless::Application', {
      Type: 'SPARK',
      ReleaseLabel: RELEASE,
      Architecture: 'ARM64',
      MaximumCapacity: { Cpu: '16 vCPU', Memory: '64 GB', Disk: '320 GB' },
      AutoStartConfiguration: { Enabled: true },
      AutoStopConfiguration: { Enabled: true, IdleTimeoutMinutes: 5 },
    })
    expect(RELEASE).toMatch(/^emr-spark-[89]\./)
  })

  test('asks no catalog, for which the job has no right', () => {
    emr.hasResourceProperties('AWS::EMRServerless::Application', {
      RuntimeConfiguration: [
        {
          Classification: 'spark-defaults',
          Properties: { 'spark.sql.catalogImplementation': 'in-memory' },
        },
      ],
    })
  })

  test('acts as the job for this application alone', () => {
    emr.hasResourceProperties('AWS::IAM::Role', {
      AssumeRolePolicyDocument: {
        Statement: [
          Match.objectLike({
            Principal: { Service: 'emr-serverless.amazonaws.com' },
            Condition: {
              StringEquals: { 'aws:SourceAccount': { Ref: 'AWS::AccountId' } },
              ArnEquals: { 'aws:SourceArn': { 'Fn::GetAtt': ['Spark', 'Arn'] } },
            },
          }),
        ],
      },
    })
  })

  test('has no machines of ours', () => {
    emr.resourceCountIs('AWS::EC2::LaunchTemplate', 0)
    emr.resourceCountIs('AWS::EC2::SecurityGroup', 0)
  })
})

describe('EC2', () => {
  const data = launchTemplateData({ runner: 'ec2' })

  test('asks metadata by session only, and tells tags', () => {
    expect(data['MetadataOptions']).toEqual({
      HttpTokens: 'required',
      HttpPutResponseHopLimit: 1,
      InstanceMetadataTags: 'enabled',
    })
  })

  test('leaves nothing behind', () => {
    expect(data['InstanceInitiatedShutdownBehavior']).toBe('terminate')
    expect(data['BlockDeviceMappings']).toMatchObject([
      { Ebs: { Encrypted: true, DeleteOnTermination: true } },
    ])
    expect(data['NetworkInterfaces']).toMatchObject([{ DeleteOnTermination: true }])
  })

  test('is tagged, its disk too, as the budget and the bill look for it', () => {
    const instanceTag = toInstanceTag(parseSettings({}))
    const tags = Match.arrayWith([{ Key: instanceTag.key, Value: instanceTag.value }])
    ec2.hasResourceProperties('AWS::EC2::LaunchTemplate', {
      LaunchTemplateData: {
        TagSpecifications: [
          { ResourceType: 'instance', Tags: tags },
          { ResourceType: 'volume', Tags: tags },
        ],
      },
    })
  })

  test('lets nobody in, and goes out over TLS only', () => {
    ec2.hasResourceProperties('AWS::EC2::SecurityGroup', {
      SecurityGroupIngress: Match.absent(),
      SecurityGroupEgress: [
        Match.objectLike({ CidrIp: '0.0.0.0/0', FromPort: 443, ToPort: 443, IpProtocol: 'tcp' }),
      ],
    })
    ec2.resourceCountIs('AWS::EC2::SecurityGroupIngress', 0)
  })

  test('is told where results are, by a script that fits', () => {
    const plain = ec2.toJSON() as PlainTemplate
    const resolve = createResolve(new Map([['weir-batch', plain]]))
    const found = resolve('weir-batch', data['UserData'])
    const script = Buffer.from(String(found), 'base64').toString()
    const [first, second] = script.split('\n')
    expect(first).toBe('#!/bin/bash')
    expect(second).toBe("export WEIR_RESULTS='s3://shop-results/weir'")
    expect(script).toContain('spark-submit')
    expect(script.length).toBeLessThan(USER_DATA_BYTES_MAX)
  })

  test('is bought on the spot market if asked to, for one run', () => {
    expect(data['InstanceMarketOptions']).toBeUndefined()
    const spot = launchTemplateData({ runner: 'ec2', spot: true })
    expect(spot['InstanceMarketOptions']).toEqual({
      MarketType: 'spot',
      SpotOptions: { SpotInstanceType: 'one-time', InstanceInterruptionBehavior: 'terminate' },
    })
  })

  test('needs no application', () => {
    ec2.resourceCountIs('AWS::EMRServerless::Application', 0)
  })
})

describe('the schedule', () => {
  test.each([
    ['day', 'cron(30 0 * * ? *)'],
    ['hour', 'cron(30 * * * ? *)'],
  ])('by the %s calls the function with the time that was meant', (schedule, expression) => {
    batchAlone({ schedule }).hasResourceProperties('AWS::Scheduler::Schedule', {
      ScheduleExpression: expression,
      ScheduleExpressionTimezone: 'Etc/UTC',
      FlexibleTimeWindow: { Mode: 'OFF' },
      State: 'ENABLED',
      Target: {
        Arn: { 'Fn::GetAtt': [Match.stringLikeRegexp('^Runs[0-9A-F]{8}$'), 'Arn'] },
        RoleArn: { 'Fn::GetAtt': [Match.stringLikeRegexp('^ScheduleRole'), 'Arn'] },
        Input: '{"kind":"schedule","time":"<aws.scheduler.scheduled-time>"}',
        RetryPolicy: { MaximumEventAgeInSeconds: 3600, MaximumRetryAttempts: 10 },
        DeadLetterConfig: {
          Arn: { 'Fn::GetAtt': [Match.stringLikeRegexp('^GivenUp'), 'Arn'] },
        },
      },
    })
  })

  test('of none leaves the rest', () => {
    const template = batchAlone({ schedule: null })
    template.resourceCountIs('AWS::Scheduler::Schedule', 0)
    template.resourceCountIs('AWS::SQS::Queue', 0)
    template.resourceCountIs('AWS::ApiGateway::RestApi', 1)
  })
})

describe('the function that starts runs', () => {
  test.each([
    ['emr-serverless', ['WEIR_EMR_APPLICATION_ID', 'WEIR_JOB_ROLE_ARN']],
    ['ec2', ['WEIR_LAUNCH_TEMPLATE_ID']],
  ])('is told of %s', (runner, names) => {
    batchAlone({ runner }).hasResourceProperties('AWS::Lambda::Function', {
      Runtime: 'nodejs24.x',
      Architectures: ['arm64'],
      Environment: {
        Variables: {
          ...Object.fromEntries(names.map(name => [name, Match.anyValue()])),
          WEIR_RUNNER: runner,
          WEIR_RUN_EVERY: 'day',
          WEIR_ARCHIVE: 's3://shop-lake/lake',
          WEIR_RESULTS: 's3://shop-results/weir',
        },
      },
    })
  })
})

describe('who asks for runs over HTTP', () => {
  const methods = (settings: Record<string, unknown>): readonly Record<string, unknown>[] =>
    Object.values(batchAlone(settings).findResources('AWS::ApiGateway::Method')).map(
      method => method['Properties'],
    )

  test('signs', () => {
    const asked = methods({})
    expect(asked.map(method => method['HttpMethod'])).toEqual(
      expect.arrayContaining(['GET', 'POST']),
    )
    expect(asked).toHaveLength(2)
    for (const method of asked) {
      expect(method).toMatchObject({ AuthorizationType: 'AWS_IAM', ApiKeyRequired: false })
    }
    emr.resourceCountIs('AWS::ApiGateway::ApiKey', 0)
  })

  test('or has a key, which a plan binds', () => {
    const asked = methods({ runsAuth: 'key' })
    expect(asked).toHaveLength(2)
    for (const method of asked) {
      expect(method).toMatchObject({ AuthorizationType: 'NONE', ApiKeyRequired: true })
    }
    const template = batchAlone({ runsAuth: 'key' })
    template.resourceCountIs('AWS::ApiGateway::ApiKey', 1)
    template.resourceCountIs('AWS::ApiGateway::UsagePlanKey', 1)
  })

  test('is held to the form of a request', () => {
    emr.hasResourceProperties('AWS::ApiGateway::RequestValidator', {
      ValidateRequestBody: true,
      ValidateRequestParameters: true,
    })
    emr.hasResourceProperties('AWS::ApiGateway::Method', {
      HttpMethod: 'POST',
      RequestModels: { 'application/json': Match.anyValue() },
    })
    emr.hasResourceProperties('AWS::ApiGateway::Model', {
      Schema: Match.objectLike({ type: 'object', additionalProperties: false }),
    })
  })
})

describe('failures', () => {
  test('of a job ring, by what EMR Serverless tells', () => {
    emr.hasResourceProperties('AWS::Events::Rule', {
      EventPattern: {
        source: ['aws.emr-serverless'],
        'detail-type': ['EMR Serverless Job Run State Change'],
        detail: {
          applicationId: [{ 'Fn::GetAtt': ['Spark', 'ApplicationId'] }],
          state: ['FAILED', 'CANCELLED'],
        },
      },
    })
  })

  test.each([
    ['emr-serverless', 3],
    ['ec2', 3],
  ])('on %s all tell the topic', (runner, count) => {
    const template = batchAlone({ runner })
    template.resourceCountIs('AWS::CloudWatch::Alarm', count)
    template.allResourcesProperties('AWS::CloudWatch::Alarm', {
      AlarmActions: [{ Ref: Match.stringLikeRegexp('^RunsTopic') }],
      TreatMissingData: 'notBreaching',
    })
  })

  test('are mailed, if there is somebody', () => {
    emr.resourceCountIs('AWS::SNS::Subscription', 0)
    batchAlone({ alertEmail: 'ops@shop.example' }).hasResourceProperties('AWS::SNS::Subscription', {
      Protocol: 'email',
      Endpoint: 'ops@shop.example',
    })
  })
})

function launchTemplateData(settings: Record<string, unknown>): Record<string, unknown> {
  const templates = batchAlone(settings).findResources('AWS::EC2::LaunchTemplate')
  const [template] = Object.values(templates)
  return template?.['Properties'].LaunchTemplateData
}
