/**
 * Every wildcard of a policy of ours stands here with its reason, and none without. What CDK's own
 * grants would have written (`s3:GetObject*`, a function and all its versions) would be found here.
 */
import { isWildcardOnlyAction } from '@cloud-copilot/iam-simulate'
import { describe, expect, test } from 'vitest'
import type { Deployment } from './support/deployment.ts'
import { deploy } from './support/deployment.ts'
import type { Statement } from './support/policies.ts'
import { castOf } from './support/rights.ts'

interface Wildcard {
  readonly role: RegExp
  /** Buckets by their names here: LAKE, RESULTS, PAGE. */
  readonly resource: RegExp
  readonly why: string
}

const EC2 = /^arn:aws:ec2:eu-central-1:(111122223333)?:/

const WILDCARDS: readonly Wildcard[] = [
  { role: /./, resource: /:log-group:[\w-]+:\*$/, why: 'the streams of its own log group' },
  { role: /JobRole/, resource: /^LAKE\/lake\/events\/\*$/, why: 'all events may be counted' },
  { role: /JobRole/, resource: /^RESULTS\/weir\/runs\/\*$/, why: 'runs get their names later' },
  {
    role: /JobRole/,
    resource: /^RESULTS\/weir\/runs\/\*\/exit\.json$/,
    why: 'a machine learns its run when it starts',
  },
  { role: /JobRole/, resource: /^RESULTS\/weir\/results\/runs\/\*$/, why: 'rows of any run' },
  { role: /JobRole/, resource: /^RESULTS\/logs\/\*$/, why: 'the runner names its logs' },
  { role: /RunsRole/, resource: /^RESULTS\/weir\/runs\/\*$/, why: 'it names runs' },
  {
    role: /RunsRole/,
    resource: /^RESULTS\/weir\/results\/runs\/\*\/manifest\.json$/,
    why: 'whether a run is published',
  },
  { role: /RunsRole/, resource: /\/applications\/\w+\/jobruns\/\*$/, why: 'jobs are named by AWS' },
  {
    role: /RunsRole/,
    resource: new RegExp(
      `${EC2.source}(instance|volume|network-interface|subnet|security-group|image)/\\*$`,
    ),
    why: 'only by its own launch template, which names them: conditions say so',
  },
  {
    role: /ApiRole/,
    resource: /^RESULTS\/weir\/results\/(manifests|objects|runs)\/\*$/,
    why: 'what is published grows',
  },
  { role: /PageDeployRole/, resource: /^PAGE\/\*$/, why: 'its bucket holds nothing but the page' },
  { role: /TaskRole/, resource: /^LAKE\/lake\/\*$/, why: 'tasks write the lake' },
  { role: /TaskRole/, resource: /^RESULTS\/weir\/\*$/, why: 'tasks write the results place' },
  {
    role: /StopRole/,
    resource: new RegExp(`${EC2.source}instance/\\*$`),
    why: 'only those with the tag of runs: a condition says so',
  },
]

/** Rights that know no resource, so that `*` is all that can be written. */
const EVERYWHERE: ReadonlyMap<string, string> = new Map([
  ['ecr:GetAuthorizationToken', 'a login to the registry, which opens no repository'],
  ['ec2:DescribeInstances', 'machines are looked at before they are touched'],
  ['cloudwatch:PutMetricData', 'in the namespace Weir alone: a condition says so'],
  ['kafka:GetBootstrapBrokers', 'addresses of brokers, which are no secret'],
])

/** Of AWS, and what they are for. */
const MANAGED: ReadonlyMap<string, string> = new Map([
  [
    'arn:aws:iam::aws:policy/service-role/AmazonAPIGatewayPushToCloudWatchLogs',
    'API Gateway refuses a role for its logs that has less',
  ],
  [
    'arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole',
    "the function of CDK's own that asks for the brokers' addresses writes its log",
  ],
])

const DEPLOYMENTS = [
  ['EMR Serverless', deploy()],
  ['EC2', deploy({ runner: 'ec2', runsAuth: 'key', schedule: 'hour' })],
] satisfies [string, Deployment][]

describe.each(DEPLOYMENTS)('with Spark on %s', (_, deployment) => {
  const granted = listGrants(deployment)

  test('there are policies to look at', () => {
    expect(granted.length).toBeGreaterThan(30)
  })

  test('no action has a wildcard', () => {
    expect(granted.filter(({ action }) => action.includes('*'))).toEqual([])
  })

  test('a wildcard in a resource has its reason', () => {
    const without = granted
      .filter(({ resource }) => resource.includes('*') && resource !== '*')
      .filter(one => !WILDCARDS.some(known => matches(known, one)))
    expect(without).toEqual([])
  })

  test('everything is a resource only of what knows none', () => {
    const wrong = granted
      .filter(({ resource }) => resource === '*')
      .filter(({ action }) => !EVERYWHERE.has(action))
    expect(wrong).toEqual([])
  })

  test('what knows no resource is not asked for one, which would allow nothing', async () => {
    const wrong: Grant[] = []
    for (const grant of granted) {
      const [service = '', name = ''] = grant.action.split(':')
      if (grant.resource !== '*' && (await isWildcardOnlyAction(service, name))) wrong.push(grant)
    }
    expect(wrong).toEqual([])
  })

  test("AWS's own policies are two, for what they are for", () => {
    const used = deployment.policies.roles.flatMap(({ managed }) => managed)
    expect(used.filter(arn => !MANAGED.has(arn))).toEqual([])
  })

  test('only services act in a role, and nobody else', () => {
    const principals = deployment.policies.roles.flatMap(({ name, trust }) =>
      trust.Statement.map(({ Principal }) => ({ name, Principal })),
    )
    const service = { Service: expect.stringMatching(/^[\w-]+\.amazonaws\.com$/) }
    for (const { name, Principal } of principals) expect(Principal, name).toEqual(service)
  })

  test('what is of others acts only for this account', () => {
    const shared = deployment.policies.roles.filter(({ trust }) =>
      /"(scheduler|emr-serverless|budgets)\./.test(JSON.stringify(trust)),
    )
    expect(shared.length).toBeGreaterThan(0)
    for (const { name, trust } of shared) {
      expect(JSON.stringify(trust), name).toContain('"aws:SourceAccount":"111122223333"')
    }
  })

  test('no bucket, queue or topic is open to everybody', () => {
    const open = [...deployment.policies.resources].flatMap(([arn, { Statement }]) =>
      Statement.filter(({ Effect, Principal }) => Effect === 'Allow' && isAnyone(Principal)).map(
        () => arn,
      ),
    )
    expect(open).toEqual([])
  })

  test('what services may do to buckets and topics names who they do it for', () => {
    const loose = [...deployment.policies.resources].flatMap(([arn, { Statement }]) =>
      Statement.filter(({ Effect }) => Effect === 'Allow')
        .filter(
          ({ Condition }) => !/SourceArn|SourceAccount/i.test(JSON.stringify(Condition ?? '')),
        )
        .map(statement => `${arn} ${JSON.stringify(statement)}`),
    )
    expect(loose).toEqual([])
  })
})

test('no reason is left without its wildcard', () => {
  const granted = DEPLOYMENTS.flatMap(([, deployment]) => listGrants(deployment))
  expect(WILDCARDS.filter(known => !granted.some(one => matches(known, one)))).toEqual([])
})

interface Grant {
  readonly role: string
  readonly action: string
  readonly resource: string
}

/** What is allowed, an action on a resource each. */
function listGrants(deployment: Deployment): readonly Grant[] {
  const { lake, results, pages } = castOf(deployment)
  const shorten = (resource: string): string =>
    resource.replace(lake, 'LAKE').replace(results, 'RESULTS').replace(pages, 'PAGE')
  return deployment.policies.roles.flatMap(({ name, policies }) =>
    policies
      .flatMap(({ Statement }) => Statement)
      .filter(({ Effect }) => Effect === 'Allow')
      .flatMap(statement => toPairs(statement))
      .map(([action, resource]) => ({ role: name, action, resource: shorten(resource) })),
  )
}

function toPairs({ Action = [], Resource = [] }: Statement): readonly [string, string][] {
  return [Action]
    .flat()
    .flatMap(action => [Resource].flat().map((resource): [string, string] => [action, resource]))
}

function matches(known: Wildcard, { role, resource }: Grant): boolean {
  return resource.includes('*') && known.role.test(role) && known.resource.test(resource)
}

function isAnyone(principal: unknown): boolean {
  return /"\*"/.test(JSON.stringify(principal))
}
