/**
 * Who may do what, by the policies as they are synthesised: nothing too little, nothing too much.
 */
import { describe, expect, test } from 'vitest'
import type { Table } from './support/allowed.ts'
import { toAllowed, toAllowedOfEc2, toAllowedOfEmr } from './support/allowed.ts'
import { toDenied, toDeniedOfEc2 } from './support/denied.ts'
import type { Deployment } from './support/deployment.ts'
import { deploy } from './support/deployment.ts'
import type { Policy } from './support/policies.ts'
import { castOf } from './support/rights.ts'
import type { Ask } from './support/simulate.ts'
import { simulate } from './support/simulate.ts'

/** A refused ask is a row; the issue asks for sixty. */
const DENIED_MIN = 60

const emr = deploy()
const ec2 = deploy({ runner: 'ec2', spot: true })

describe.each([
  ['EMR Serverless', emr, toAllowedOfEmr(castOf(emr)), {}],
  ['EC2', ec2, toAllowedOfEc2(castOf(ec2)), toDeniedOfEc2(castOf(ec2))],
] satisfies [string, Deployment, Table, Table][])(
  'with Spark on %s',
  (_, deployment, may, mayNot) => {
    const allowed = Object.entries({ ...toAllowed(castOf(deployment)), ...may })
    const denied = Object.entries({ ...toDenied(castOf(deployment)), ...mayNot })

    test.each(allowed)('%s', async (_, asks) => {
      expect(await listWith(deployment, asks, decision => decision !== 'Allowed')).toEqual([])
    })

    test.each(denied)('never: %s', async (_, asks) => {
      expect(await listWith(deployment, asks, decision => decision === 'Allowed')).toEqual([])
    })

    test('enough is refused', () => {
      expect(denied.flatMap(([, asks]) => asks).length).toBeGreaterThan(DENIED_MIN)
    })
  },
)

describe('once the budget is spent', () => {
  test.each([
    ['EMR Serverless', emr, 'the starter of runs starts a job'],
    ['EC2', ec2, 'the starter of runs starts a machine'],
  ])(
    'no run is started on %s, and what is known can still be asked',
    async (_, deployment, name) => {
      const policy = findDenial(deployment)
      const starting =
        { ...toAllowedOfEmr(castOf(emr)), ...toAllowedOfEc2(castOf(ec2)) }[name] ?? []
      const spent = (ask: Ask): Ask => ({
        ...ask,
        role: { ...ask.role, policies: [...ask.role.policies, policy] },
      })
      const starts = starting.filter(({ action }) => !action.startsWith('iam:'))
      expect(starts.length).toBeGreaterThan(0)
      const isOpen = (decision: string): boolean => decision !== 'ExplicitlyDenied'
      expect(await listWith(deployment, starts.map(spent), isOpen)).toEqual([])
      const looks = toAllowed(castOf(deployment))['the starter of runs looks for results'] ?? []
      const isShut = (decision: string): boolean => decision !== 'Allowed'
      expect(await listWith(deployment, looks.map(spent), isShut)).toEqual([])
    },
  )
})

/** What the budget attaches to the role that starts runs. */
function findDenial({ templates, resolve }: Deployment): Policy {
  const stack = 'weir-guardrails'
  const found = Object.values(templates.get(stack)?.Resources ?? {}).filter(
    ({ Type }) => Type === 'AWS::IAM::ManagedPolicy',
  )
  const properties = resolve(stack, found[0]?.Properties) as { readonly PolicyDocument: Policy }
  return properties.PolicyDocument
}

/** The asks whose answer is such a one, to be read. */
async function listWith(
  { policies }: Deployment,
  asks: readonly Ask[],
  isSuch: (decision: string) => boolean,
): Promise<readonly string[]> {
  const found: string[] = []
  for (const ask of asks) {
    const decision = await simulate(policies, ask)
    const context = JSON.stringify(ask.context ?? {})
    if (isSuch(decision)) found.push(`${decision}: ${ask.action} ${ask.resource} ${context}`)
  }
  return found
}
