/** `weir cost` counts what is deployed: its sizes and defaults are those of the templates. */
import type { Template } from 'aws-cdk-lib/assertions'
import { expect, test } from 'vitest'
import { ASSUMED, LOAD_DEFAULT } from '../../src/cost/load.ts'
import { SETTINGS_DEFAULT } from '../src/settings.ts'
import { templateOf } from './support/assembly.ts'

const countOf = (template: Template, type: string): number =>
  Object.keys(template.findResources(type)).length

test('the settings that both know have one default', () => {
  const settings: Readonly<Record<string, unknown>> = { ...SETTINGS_DEFAULT }
  const shared = Object.entries(LOAD_DEFAULT).filter(([name]) => name in settings)
  // A region is where the credentials point at.
  const compared = shared.filter(([name]) => name !== 'region')
  expect(compared.length).toBeGreaterThan(9)
  for (const [name, value] of compared) expect(settings[name], name).toEqual(value)
})

test('Kafka and the tasks are of the sizes that are counted', () => {
  const stream = templateOf('stream')
  stream.hasResourceProperties('AWS::MSK::Cluster', {
    NumberOfBrokerNodes: ASSUMED.brokers,
    BrokerNodeGroupInfo: {
      InstanceType: 'kafka.t3.small',
      StorageInfo: { EBSStorageInfo: { VolumeSize: ASSUMED.brokerGb } },
    },
  })
  templateOf('stream', { brokerSize: 'standard' }).hasResourceProperties('AWS::MSK::Cluster', {
    BrokerNodeGroupInfo: { InstanceType: 'kafka.m7g.large' },
  })
  stream.hasResourceProperties('AWS::ECS::TaskDefinition', {
    Cpu: String(ASSUMED.taskVcpu * 1024),
    Memory: String(ASSUMED.taskGb * 1024),
    RuntimePlatform: { CpuArchitecture: 'ARM64' },
  })
  stream.hasResourceProperties('AWS::ECS::Service', {
    DesiredCount: LOAD_DEFAULT.workers,
    NetworkConfiguration: { AwsvpcConfiguration: { AssignPublicIp: 'ENABLED' } },
  })
  expect(countOf(stream, 'AWS::ElasticLoadBalancingV2::LoadBalancer')).toBe(1)
  const inside = templateOf('stream', { alb: false })
  expect(countOf(inside, 'AWS::ElasticLoadBalancingV2::LoadBalancer')).toBe(0)
})

test('the network has the zones and endpoints that are counted, and no gateway for NAT', () => {
  const network = templateOf('network', { interfaceEndpoints: true })
  expect(countOf(network, 'AWS::EC2::Subnet')).toBe(ASSUMED.zones)
  const endpoints = Object.values(network.findResources('AWS::EC2::VPCEndpoint'))
  const types = endpoints.map(endpoint => endpoint['Properties'].VpcEndpointType as string)
  const interfaces = Array.from({ length: ASSUMED.endpoints }, () => 'Interface')
  expect(types.toSorted()).toEqual(['Gateway', ...interfaces])
  expect(countOf(network, 'AWS::EC2::NatGateway')).toBe(0)
})

test('Spark runs on the machines that are counted', () => {
  const machine = templateOf('batch', { runner: 'ec2' })
  machine.hasResourceProperties('AWS::EC2::LaunchTemplate', {
    LaunchTemplateData: {
      InstanceType: 'r7g.xlarge',
      BlockDeviceMappings: [{ Ebs: { VolumeSize: ASSUMED.instanceVolumeGb, VolumeType: 'gp3' } }],
    },
  })
  const serverless = templateOf('batch')
  serverless.hasResourceProperties('AWS::EMRServerless::Application', { Architecture: 'ARM64' })
})

test('functions, alarms, the page of graphs and budgets are those that are counted', () => {
  templateOf('api').hasResourceProperties('AWS::Lambda::Function', {
    MemorySize: ASSUMED.lambdaGb * 1024,
    Architectures: ['arm64'],
  })
  const [batch, guardrails] = [templateOf('batch'), templateOf('guardrails')]
  const alarms = [batch, guardrails].flatMap(template =>
    Object.values(template.findResources('AWS::CloudWatch::Alarm')),
  )
  // One is paid for each metric that it looks at; a few more or less do not matter.
  const paid = alarms.reduce((sum, alarm) => sum + metricsOf(alarm['Properties']), 0)
  expect(Math.abs(paid - ASSUMED.alarms)).toBeLessThanOrEqual(3)
  expect(countOf(guardrails, 'AWS::CloudWatch::Dashboard')).toBe(1)
  // Two budgets with actions are free.
  expect(countOf(guardrails, 'AWS::Budgets::BudgetsAction')).toBeLessThanOrEqual(2)
})

function metricsOf(alarm: {
  readonly Metrics?: readonly { readonly Expression?: string }[]
}): number {
  return alarm.Metrics?.filter(metric => metric.Expression === undefined).length ?? 1
}
