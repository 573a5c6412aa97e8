/**
 * What CloudFormation would make of a template's functions, with names that look like AWS's. What
 * is not known here throws: a guess would prove nothing.
 */
import { strict as assert } from 'node:assert'

export interface Resource {
  readonly Type: string
  readonly Properties?: { readonly [name: string]: unknown }
}

export interface PlainTemplate {
  readonly Resources: { readonly [id: string]: Resource }
  readonly Parameters?: { readonly [name: string]: { readonly Default?: string } }
  readonly Outputs?: {
    readonly [id: string]: { readonly Value: unknown; readonly Export?: { readonly Name: unknown } }
  }
}

export type PlainTemplates = ReadonlyMap<string, PlainTemplate>

export const ACCOUNT = '111122223333'
export const REGION = 'eu-central-1'
const ZONES = ['a', 'b', 'c'].map(zone => `${REGION}${zone}`)

const PSEUDO: ReadonlyMap<string, unknown> = new Map([
  ['AWS::AccountId', ACCOUNT],
  ['AWS::Region', REGION],
  ['AWS::Partition', 'aws'],
  ['AWS::URLSuffix', 'amazonaws.com'],
])

/** A value of a stack's template, with nothing left to compute. */
export type Resolve = (stack: string, value: unknown) => unknown

export function createResolve(templates: PlainTemplates): Resolve {
  const exported = (name: string): unknown => {
    for (const [stack, { Outputs = {} }] of templates) {
      for (const { Value, Export } of Object.values(Outputs)) {
        if (Export !== undefined && resolve(stack, Export.Name) === name) {
          return resolve(stack, Value)
        }
      }
    }
    throw new Error(`no stack exports '${name}'`)
  }

  const resolve: Resolve = (stack, value) => {
    if (Array.isArray(value)) return value.map(one => resolve(stack, one))
    if (typeof value !== 'object' || value === null) return value
    const entries = Object.entries(value)
    const [first] = entries
    if (entries.length === 1 && first !== undefined) {
      const [name, given] = first
      if (name === 'Ref') return toRef(templates, stack, String(given))
      if (name === 'Fn::GetAtt') return toAttribute(templates, stack, given)
      if (name === 'Fn::ImportValue') return exported(String(resolve(stack, given)))
      if (name.startsWith('Fn::')) return compute(name, given, one => resolve(stack, one))
    }
    return Object.fromEntries(entries.map(([name, one]) => [name, resolve(stack, one)]))
  }
  return resolve
}

function compute(name: string, given: unknown, resolve: (value: unknown) => unknown): unknown {
  const list = (Array.isArray(given) ? given : [given]).map(one => resolve(one))
  switch (name) {
    case 'Fn::Join': {
      assert(Array.isArray(list[1]))
      return list[1].map(String).join(String(list[0]))
    }
    case 'Fn::Split':
      return String(list[1]).split(String(list[0]))
    case 'Fn::Select': {
      assert(Array.isArray(list[1]))
      return list[1][Number(list[0])]
    }
    case 'Fn::GetAZs':
      return ZONES
    case 'Fn::Base64':
      return Buffer.from(String(list[0])).toString('base64')
    case 'Fn::Sub':
      return String(list[0]).replaceAll(/\$\{([^}]+)\}/g, (_, one: string) => {
        return String(resolve({ Ref: one }))
      })
    default:
      throw new Error(`${name} is not known here`)
  }
}

function toRef(templates: PlainTemplates, stack: string, id: string): unknown {
  if (PSEUDO.has(id)) return PSEUDO.get(id)
  const template = templates.get(stack)
  const parameter = template?.Parameters?.[id]
  if (parameter !== undefined) return parameter.Default ?? `value-of-${id}`
  const type = template?.Resources[id]?.Type
  assert(type !== undefined, `${stack} has no ${id}`)
  const name = toName(stack, id)
  // Of most resources the reference is a name; of these it is an ARN.
  switch (type) {
    case 'AWS::SNS::Topic':
      return `arn:aws:sns:${REGION}:${ACCOUNT}:${name}`
    case 'AWS::MSK::Cluster':
    case 'AWS::ECS::Service':
    case 'AWS::ElasticLoadBalancingV2::LoadBalancer':
    case 'AWS::IAM::ManagedPolicy':
      return toArn(type, name)
    case 'AWS::EC2::LaunchTemplate':
      return 'lt-0a1b2c3d4e5f60718'
    default:
      return name
  }
}

function toAttribute(templates: PlainTemplates, stack: string, given: unknown): unknown {
  const [id = '', attribute = ''] = (Array.isArray(given) ? given : String(given).split('.')).map(
    String,
  )
  const type = templates.get(stack)?.Resources[id]?.Type
  assert(type !== undefined, `${stack} has no ${id}`)
  if (attribute === 'Arn') return toArn(type, toName(stack, id))
  return `${attribute}-of-${toName(stack, id)}`.toLowerCase()
}

function toName(stack: string, id: string): string {
  return `${stack}-${id}`.toLowerCase()
}

/** A trail of the service, the region and the account, as each service has it. */
const ARNS: ReadonlyMap<string, (name: string) => string> = new Map<
  string,
  (name: string) => string
>([
  ['AWS::S3::Bucket', name => `arn:aws:s3:::${name}`],
  ['AWS::IAM::Role', name => `arn:aws:iam::${ACCOUNT}:role/${name}`],
  ['AWS::IAM::User', name => `arn:aws:iam::${ACCOUNT}:user/${name}`],
  ['AWS::IAM::ManagedPolicy', name => `arn:aws:iam::${ACCOUNT}:policy/${name}`],
  ['AWS::IAM::InstanceProfile', name => `arn:aws:iam::${ACCOUNT}:instance-profile/${name}`],
  ['AWS::Lambda::Function', name => regional('lambda', `function:${name}`)],
  // Of a log group the ARN is that of its streams.
  ['AWS::Logs::LogGroup', name => regional('logs', `log-group:${name}:*`)],
  ['AWS::SQS::Queue', name => regional('sqs', name)],
  ['AWS::Events::Rule', name => regional('events', `rule/${name}`)],
  ['AWS::Scheduler::ScheduleGroup', name => regional('scheduler', `schedule-group/${name}`)],
  ['AWS::EMRServerless::Application', () => regional('emr-serverless', '/applications/00f1a2b3c4')],
  ['AWS::MSK::Cluster', name => regional('kafka', `cluster/${name}/${UUID}`)],
  ['AWS::ECS::Cluster', name => regional('ecs', `cluster/${name}`)],
  ['AWS::ECS::Service', name => regional('ecs', `service/${name}`)],
  ['AWS::ECR::Repository', name => regional('ecr', `repository/${name}`)],
  ['AWS::CloudWatch::Alarm', name => regional('cloudwatch', `alarm:${name}`)],
  [
    'AWS::ElasticLoadBalancingV2::LoadBalancer',
    name => regional('elasticloadbalancing', `loadbalancer/app/${name}/0011223344556677`),
  ],
])

const UUID = '0f1e2d3c-4b5a-4978-8695-a4b3c2d1e0f9-1'

function toArn(type: string, name: string): string {
  const write = ARNS.get(type)
  assert(write !== undefined, `the ARN of a ${type} is not known here`)
  return write(name)
}

function regional(service: string, rest: string): string {
  return `arn:aws:${service}:${REGION}:${ACCOUNT}:${rest}`
}
