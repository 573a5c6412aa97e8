/** Functions as a template declares them, and what calls one by the clock. */
import { strict as assert } from 'node:assert'

export interface FunctionTemplate {
  /** The folder of the bundle, below where the template is. */
  readonly asset: string
  readonly environment: Readonly<Record<string, string>>
}

export interface ScheduleTemplate {
  /** The id of the function that it calls. */
  readonly functionId: string
  /** With `<aws.scheduler.scheduled-time>` for when it was meant. */
  readonly input: string
}

interface Resource {
  readonly Type: string
  readonly Properties: {
    readonly Code?: { readonly S3Key?: string }
    readonly Environment?: { readonly Variables: Readonly<Record<string, unknown>> }
    readonly Target?: { readonly Arn: unknown; readonly Input: string }
  }
}

/** `json`: the text of a template. */
export function readFunction(json: string, id: string): FunctionTemplate {
  const found = resourcesOf(json).find(([name]) => name === id)?.[1]
  assert(found?.Type === 'AWS::Lambda::Function', `the template has no function ${id}`)
  const { Code, Environment } = found.Properties
  const variables = Object.entries(Environment?.Variables ?? {})
  return {
    asset: `asset.${Code?.S3Key?.replace('.zip', '')}`,
    environment: Object.fromEntries(variables.map(([name, value]) => [name, toText(value)])),
  }
}

/** The one schedule of a template. */
export function readSchedule(json: string): ScheduleTemplate {
  const found = resourcesOf(json).filter(([, { Type }]) => Type === 'AWS::Scheduler::Schedule')
  const [first] = found
  assert(first !== undefined && found.length === 1, 'the template has no one schedule')
  const target = first[1].Properties.Target
  assert(target !== undefined, 'the schedule has no target')
  return { functionId: toText(target.Arn).replace(/\.Arn$/, ''), input: target.Input }
}

function resourcesOf(json: string): readonly (readonly [string, Resource])[] {
  const { Resources } = JSON.parse(json) as { readonly Resources: Record<string, Resource> }
  return Object.entries(Resources)
}

/** A value in which references stand as the names of what they refer to. */
export function toText(value: unknown): string {
  if (typeof value === 'string') return value
  const [[name, given] = []] = Object.entries(value ?? {})
  if (name === 'Ref' || name === 'Fn::ImportValue') return toText(given)
  if (name === 'Fn::GetAtt') return (given as readonly string[]).join('.')
  assert.equal(name, 'Fn::Join', `${JSON.stringify(value)} is not known here`)
  const [glue, parts] = given as [string, readonly unknown[]]
  return parts.map(toText).join(glue)
}
