/** All roles of a deployment with what they may do, and what buckets, queues and topics allow. */
import type { PlainTemplates, Resolve } from './resolve.ts'
import { createResolve } from './resolve.ts'

export interface Statement {
  readonly Sid?: string
  readonly Effect: 'Allow' | 'Deny'
  readonly Action?: string | readonly string[]
  readonly Resource?: string | readonly string[]
  readonly Principal?: unknown
  readonly Condition?: unknown
}

export interface Policy {
  readonly Version: string
  readonly Statement: readonly Statement[]
}

export interface Role {
  /** `stack/logical id`. */
  readonly name: string
  readonly arn: string
  readonly trust: Policy
  readonly policies: readonly Policy[]
  /** ARNs of policies that AWS wrote: what they say is not known here. */
  readonly managed: readonly string[]
}

export interface Policies {
  readonly roles: readonly Role[]
  /** Of buckets, queues and topics, by their ARN. */
  readonly resources: ReadonlyMap<string, Policy>
}

export function readPolicies(templates: PlainTemplates): Policies {
  const resolve = createResolve(templates)
  const documents = listDocuments(templates, resolve)
  const roles = listOf(templates, 'AWS::IAM::Role').map(({ stack, id, properties }): Role => {
    const given = resolve(stack, properties) as RoleProperties
    const name = resolve(stack, { Ref: id })
    const managed = given.ManagedPolicyArns ?? []
    const attached = documents.filter(
      one => one.roles.includes(name) || managed.some(arn => arn === one.arn),
    )
    return {
      name: `${stack}/${id}`,
      arn: String(resolve(stack, { 'Fn::GetAtt': [id, 'Arn'] })),
      trust: given.AssumeRolePolicyDocument,
      policies: [
        ...(given.Policies ?? []).map(inline => inline.PolicyDocument),
        ...attached.map(({ policy }) => policy),
      ],
      managed: managed.filter(arn => !documents.some(one => one.arn === arn)),
    }
  })
  return { roles, resources: new Map(listResourcePolicies(templates, resolve)) }
}

interface RoleProperties {
  readonly AssumeRolePolicyDocument: Policy
  readonly Policies?: readonly { readonly PolicyDocument: Policy }[]
  readonly ManagedPolicyArns?: readonly string[]
}

interface Found {
  readonly stack: string
  readonly id: string
  readonly properties: unknown
}

function listOf(templates: PlainTemplates, type: string): readonly Found[] {
  return [...templates].flatMap(([stack, { Resources }]) =>
    Object.entries(Resources)
      .filter(([, resource]) => resource.Type === type)
      .map(([id, { Properties }]) => ({ stack, id, properties: Properties ?? {} })),
  )
}

interface Document {
  readonly policy: Policy
  readonly roles: readonly unknown[]
  /** null: it has none, being a part of its roles. */
  readonly arn: unknown
}

function listDocuments(templates: PlainTemplates, resolve: Resolve): readonly Document[] {
  return ['AWS::IAM::Policy', 'AWS::IAM::ManagedPolicy'].flatMap(type =>
    listOf(templates, type).map(({ stack, id, properties }) => {
      const given = resolve(stack, properties) as { PolicyDocument: Policy; Roles?: unknown[] }
      const arn = type === 'AWS::IAM::Policy' ? null : resolve(stack, { Ref: id })
      return { policy: given.PolicyDocument, roles: given.Roles ?? [], arn }
    }),
  )
}

interface ResourceProperties {
  readonly PolicyDocument: Policy
  readonly Bucket?: string
  readonly Queues?: readonly string[]
  readonly Topics?: readonly string[]
}

/** A queue is named as its ARN ends; several policies of one thing are not made here. */
function listResourcePolicies(
  templates: PlainTemplates,
  resolve: Resolve,
): readonly [string, Policy][] {
  const types = ['AWS::S3::BucketPolicy', 'AWS::SQS::QueuePolicy', 'AWS::SNS::TopicPolicy']
  return types.flatMap(type =>
    listOf(templates, type).flatMap(({ stack, properties }) => {
      const given = resolve(stack, properties) as ResourceProperties
      const arns = [
        ...(given.Bucket === undefined ? [] : [`arn:aws:s3:::${given.Bucket}`]),
        ...(given.Queues ?? []).map(queue => `queue ${queue}`),
        ...(given.Topics ?? []),
      ]
      return arns.map((arn): [string, Policy] => [arn, given.PolicyDocument])
    }),
  )
}
