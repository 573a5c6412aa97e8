/** A deployment's templates as plain data, and what its roles may do. */
import { Stack } from 'aws-cdk-lib'
import { Template } from 'aws-cdk-lib/assertions'
import { assemble } from './assembly.ts'
import type { Policies, Role } from './policies.ts'
import { readPolicies } from './policies.ts'
import type { PlainTemplate, Resolve } from './resolve.ts'
import { createResolve } from './resolve.ts'

export interface Deployment {
  /** By the name of the stack. */
  readonly templates: ReadonlyMap<string, PlainTemplate>
  readonly policies: Policies
  readonly resolve: Resolve
}

/** `settings` as a settings file has them. */
export function deploy(settings: Readonly<Record<string, unknown>> = {}): Deployment {
  using assembly = assemble(settings)
  const stacks = assembly.app.node.children.filter(child => Stack.isStack(child))
  // A template is data, of whatever its resources are.
  const templates = new Map(
    stacks.map(stack => [stack.node.id, Template.fromStack(stack).toJSON() as PlainTemplate]),
  )
  return { templates, policies: readPolicies(templates), resolve: createResolve(templates) }
}

/** The one role of a stack whose logical id begins so. Throws where there is none, or several. */
export function findRole({ policies }: Deployment, name: string): Role {
  const found = policies.roles.filter(role => role.name.startsWith(name))
  const [first] = found
  if (first === undefined || found.length > 1) {
    const names = policies.roles.map(role => role.name).join(', ')
    throw new Error(`${found.length} roles begin with '${name}'; there are: ${names}`)
  }
  return first
}

/** The id of the one resource of a stack that is called so; CDK may add eight signs. */
export function findId({ templates }: Deployment, stack: string, prefix: string): string {
  const ids = Object.keys(templates.get(stack)?.Resources ?? {})
  const found = ids.filter(id => new RegExp(`^${prefix}([0-9A-F]{8})?$`).test(id))
  const [first] = found
  if (first === undefined || found.length > 1) {
    throw new Error(`${found.length} of ${stack} are called '${prefix}': ${ids.join(', ')}`)
  }
  return first
}

/** The ARN of that resource. */
export function findArn(deployment: Deployment, stack: string, prefix: string): string {
  const id = findId(deployment, stack, prefix)
  return String(deployment.resolve(stack, { 'Fn::GetAtt': [id, 'Arn'] }))
}
