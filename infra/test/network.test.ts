import { Match } from 'aws-cdk-lib/assertions'
import { describe, expect, test } from 'vitest'
import { templateOf } from './support/assembly.ts'

describe('the network', () => {
  const template = templateOf('network')

  test('is three public subnets, and nothing that bills', () => {
    template.resourceCountIs('AWS::EC2::Subnet', 3)
    template.resourceCountIs('AWS::EC2::NatGateway', 0)
    template.resourceCountIs('AWS::EC2::EIP', 0)
    template.resourceCountIs('AWS::EC2::VPCEndpoint', 1)
    template.hasResourceProperties('AWS::EC2::VPCEndpoint', {
      VpcEndpointType: 'Gateway',
      RouteTableIds: Match.anyValue(),
    })
  })

  test('each subnet is in a zone of its own', () => {
    const subnets = Object.values(template.findResources('AWS::EC2::Subnet'))
    const zones = subnets.map(subnet => JSON.stringify(subnet['Properties'].AvailabilityZone))
    expect(new Set(zones).size).toBe(3)
  })

  test('lets nobody in', () => {
    template.resourceCountIs('AWS::EC2::SecurityGroup', 0)
    template.resourceCountIs('AWS::EC2::SecurityGroupIngress', 0)
  })

  test('endpoints inside are a setting', () => {
    const inside = templateOf('network', { interfaceEndpoints: true })
    const endpoints = inside.findResources('AWS::EC2::VPCEndpoint', {
      Properties: { VpcEndpointType: 'Interface', PrivateDnsEnabled: true },
    })
    expect(Object.keys(endpoints)).toHaveLength(4)
  })
})

describe('tags', () => {
  test('say whose it is, and until when', () => {
    const template = templateOf('network', { owner: 'data@shop.example', ttl: '2027-01-31' })
    const [vpc] = Object.values(template.findResources('AWS::EC2::VPC'))
    expect(vpc?.['Properties'].Tags).toEqual(
      expect.arrayContaining([
        { Key: 'owner', Value: 'data@shop.example' },
        { Key: 'ttl', Value: '2027-01-31' },
        { Key: 'weir', Value: 'weir' },
      ]),
    )
  })
})
