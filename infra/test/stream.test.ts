import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Match } from 'aws-cdk-lib/assertions'
import { describe, expect, test } from 'vitest'
import { ROUTES } from '../../src/api/contract.ts'
import { SETTING_NAMES, SETTINGS, toVariable } from '../../src/main/config/settings.ts'
import { SEGMENT_PATHS } from '../../src/model/segment.ts'
import { assemble, templateOf } from './support/assembly.ts'

interface Variable {
  readonly Name: string
  readonly Value: unknown
}

interface ContainerPart {
  readonly Name: string
  readonly Environment: readonly Variable[]
  readonly [part: string]: unknown
}

const template = templateOf('stream')

function containersOf(settings: Record<string, unknown>): Readonly<Record<string, ContainerPart>> {
  const [task] = Object.values(
    templateOf('stream', settings).findResources('AWS::ECS::TaskDefinition'),
  )
  const containers: readonly ContainerPart[] = task?.['Properties'].ContainerDefinitions
  return Object.fromEntries(containers.map(container => [container.Name, container]))
}

const variablesOf = (container: ContainerPart | undefined): Readonly<Record<string, unknown>> =>
  Object.fromEntries(container?.Environment.map(({ Name, Value }) => [Name, Value]) ?? [])

describe('Kafka', () => {
  test('is reached over TLS, with a role, and in no other way', () => {
    template.hasResourceProperties('AWS::MSK::Cluster', {
      ClientAuthentication: {
        Sasl: { Iam: { Enabled: true }, Scram: { Enabled: false } },
        Tls: { Enabled: false },
        Unauthenticated: { Enabled: false },
      },
      EncryptionInfo: { EncryptionInTransit: { ClientBroker: 'TLS', InCluster: true } },
      BrokerNodeGroupInfo: { ConnectivityInfo: { PublicAccess: { Type: 'DISABLED' } } },
    })
  })

  test('three brokers keep three copies, and two must have a record', () => {
    template.hasResourceProperties('AWS::MSK::Cluster', { NumberOfBrokerNodes: 3 })
    const [configuration] = Object.values(template.findResources('AWS::MSK::Configuration'))
    const lines = configuration?.['Properties'].ServerProperties.split('\n')
    expect(lines).toEqual(
      expect.arrayContaining([
        'auto.create.topics.enable=false',
        'default.replication.factor=3',
        'min.insync.replicas=2',
        'unclean.leader.election.enable=false',
        'log.message.timestamp.type=LogAppendTime',
        'log.retention.hours=168',
      ]),
    )
  })

  test.each([
    ['small', 'kafka.t3.small'],
    ['standard', 'kafka.m7g.large'],
  ])('%s is %s', (brokerSize, InstanceType) => {
    templateOf('stream', { brokerSize }).hasResourceProperties('AWS::MSK::Cluster', {
      BrokerNodeGroupInfo: { InstanceType },
    })
  })

  test('more partitions than brokers take are refused', () => {
    expect(() => assemble({}, { partitions: 40 })).toThrow('320 on each broker')
    using assembly = assemble({ brokerSize: 'standard' }, { partitions: 40 })
    expect(assembly.stacks.stream).toBeDefined()
  })

  test('only tasks and producers come near a broker', () => {
    const ingress = Object.values(template.findResources('AWS::EC2::SecurityGroupIngress'))
    const toBrokers = ingress.filter(rule => rule['Properties'].FromPort === 9098)
    const sources: string[] = toBrokers.map(
      rule => rule['Properties'].SourceSecurityGroupId['Fn::GetAtt'][0],
    )
    expect(sources.map(source => source.replace(/SecurityGroup.*/, '')).sort()).toEqual([
      'Producer',
      'Task',
    ])
  })
})

describe('the tasks', () => {
  test('run on ARM, write to no disk but their own, and are replaced when they fail', () => {
    template.hasResourceProperties('AWS::ECS::TaskDefinition', {
      RuntimePlatform: { CpuArchitecture: 'ARM64', OperatingSystemFamily: 'LINUX' },
      ContainerDefinitions: [
        Match.objectLike({ Name: 'digest', User: '1000', ReadonlyRootFilesystem: true }),
        Match.objectLike({ Name: 'collect', User: '1000', ReadonlyRootFilesystem: true }),
      ],
    })
    template.hasResourceProperties('AWS::ECS::Service', {
      DesiredCount: 1,
      DeploymentConfiguration: {
        DeploymentCircuitBreaker: { Enable: true, Rollback: true },
        MinimumHealthyPercent: 100,
      },
    })
  })

  test.each([
    ['with a front door', {}],
    ['with pages', { corsOrigins: ['https://shop.example'] }],
  ])('are told only what the product knows, %s', (_, settings) => {
    const known = new Map(SETTING_NAMES.map(name => [toVariable(name), SETTINGS[name]]))
    for (const container of Object.values(containersOf(settings))) {
      for (const [variable, value] of Object.entries(variablesOf(container))) {
        if (!variable.startsWith('WEIR_')) continue
        const setting = known.get(variable)
        expect(setting, variable).toBeDefined()
        // What is known only when it is deployed is a text here.
        const text = typeof value === 'string' ? value : '127.0.0.1:9098'
        if (typeof value === 'string') expect(() => setting?.parse(text, variable)).not.toThrow()
      }
    }
  })

  test('count into the two buckets, from Kafka by their role', () => {
    const { digest } = containersOf({ retentionHours: 72 })
    const variables = variablesOf(digest)
    expect(variables).toMatchObject({
      WEIR_KAFKA_TLS: 'on',
      WEIR_KAFKA_SASL: 'aws-msk-iam',
      WEIR_KAFKA_RETENTION: '72h',
      WEIR_METRICS: 'emf',
    })
    expect(JSON.stringify(variables['WEIR_RESULTS'])).toContain('/weir')
    expect(JSON.stringify(variables['WEIR_ARCHIVE'])).toContain('/lake')
    expect(JSON.stringify(variables['WEIR_KAFKA'])).toContain('BootstrapBrokerStringSaslIam')
  })

  test('without a front door only count', () => {
    expect(Object.keys(containersOf({ alb: false }))).toEqual(['digest'])
  })

  test('with a file of keys ask for them', () => {
    using assembly = assemble()
    const file = join(assembly.directory, 'keys.json')
    writeFileSync(file, '{"keys": []}\n')
    const { collect } = containersOf({ keysFile: file })
    expect(variablesOf(collect)).toMatchObject({
      WEIR_KEYS: '/data/keys.json',
      KEYS_JSON: '{"keys":[]}',
    })
    expect(variablesOf(containersOf({})['collect'])).toMatchObject({ WEIR_KEYS: 'off' })
    expect(() => containersOf({ keysFile: '/nowhere/keys.json' })).toThrow('cannot be read')
  })
})

describe('the front door', () => {
  test('passes on what the collector is for, and nothing else', () => {
    const rules = Object.values(template.findResources('AWS::ElasticLoadBalancingV2::ListenerRule'))
    const paths = rules.flatMap(
      rule => rule['Properties'].Conditions[0].PathPatternConfig.Values as readonly string[],
    )
    const wanted = [ROUTES.collect.path, ...SEGMENT_PATHS.keys(), '/sdk.js', '/sdk.mjs']
    expect(paths.sort()).toEqual([...wanted].sort())
    template.hasResourceProperties('AWS::ElasticLoadBalancingV2::Listener', {
      DefaultActions: [Match.objectLike({ FixedResponseConfig: { StatusCode: '404' } })],
    })
  })

  test('with a certificate speaks TLS, and sends on who does not', () => {
    const https = templateOf('stream', {
      certificateArn: 'arn:aws:acm:eu-central-1:111111111111:certificate/0d3f',
      hosts: ['events.shop.example'],
    })
    https.hasResourceProperties('AWS::ElasticLoadBalancingV2::Listener', {
      Port: 443,
      Protocol: 'HTTPS',
    })
    https.hasResourceProperties('AWS::ElasticLoadBalancingV2::Listener', {
      Port: 80,
      DefaultActions: [Match.objectLike({ Type: 'redirect' })],
    })
    https.hasOutput('CollectorUrl', { Value: 'https://events.shop.example' })
  })

  test('is the only thing that anybody reaches', () => {
    const open = Object.entries(template.findResources('AWS::EC2::SecurityGroup')).filter(
      ([, group]) => group['Properties'].SecurityGroupIngress !== undefined,
    )
    expect(open.map(([id]) => id.replace(/SecurityGroup.*/, ''))).toEqual(['Balancer'])
    const closed = templateOf('stream', { alb: false })
    closed.resourceCountIs('AWS::ElasticLoadBalancingV2::LoadBalancer', 0)
    closed.allResourcesProperties('AWS::EC2::SecurityGroup', {
      SecurityGroupIngress: Match.absent(),
    })
  })
})

describe('the role of the tasks', () => {
  const [policy] = Object.values(
    template.findResources('AWS::IAM::Policy', {
      Properties: { PolicyName: Match.stringLikeRegexp('^TaskRole') },
    }),
  )
  const all = policy?.['Properties'].PolicyDocument.Statement as readonly {
    readonly Effect: string
    readonly Action: string | readonly string[]
    readonly Resource: unknown
  }[]
  const statements = all.filter(({ Effect }) => Effect === 'Allow')

  test('names its topics, its group and its folders', () => {
    expect(JSON.stringify(statements)).toContain(`"/${SETTINGS.kafkaGroup.default}"`)
    expect(statements.flatMap(({ Action }) => Action).sort()).toEqual([
      'kafka-cluster:AlterGroup',
      'kafka-cluster:Connect',
      'kafka-cluster:CreateTopic',
      'kafka-cluster:DescribeCluster',
      'kafka-cluster:DescribeGroup',
      'kafka-cluster:DescribeTopic',
      'kafka-cluster:DescribeTopicDynamicConfiguration',
      'kafka-cluster:ReadData',
      'kafka-cluster:WriteData',
      'kafka-cluster:WriteDataIdempotently',
      's3:DeleteObject',
      's3:DeleteObject',
      's3:GetObject',
      's3:GetObject',
      's3:ListBucket',
      's3:ListBucket',
      's3:PutObject',
      's3:PutObject',
    ])
    const text = JSON.stringify(statements.map(({ Resource }) => Resource))
    for (const topic of ['page_view', 'purchase', 'weir.unparsed', 'weir.rejects']) {
      expect(text).toContain(`"/${topic}"`)
    }
    expect(text.match(/\*/g)).toHaveLength(2)
  })
})
