/**
 * Whether AWS would let a role do something, by the policies of a deployment: those of the role,
 * and that of the bucket, queue or topic it is about. The simulator also refuses actions,
 * resources and context keys that AWS does not know.
 */
import { runSimulation } from '@cloud-copilot/iam-simulate'
import type { Policies, Role } from './policies.ts'
import { ACCOUNT } from './resolve.ts'

export interface Ask {
  readonly role: Role
  readonly action: string
  readonly resource: string
  readonly context?: Readonly<Record<string, string>>
}

export type Decision = 'Allowed' | 'ImplicitlyDenied' | 'ExplicitlyDenied'

/** As every SDK asks. */
const OVER_TLS = { 'aws:SecureTransport': 'true' }
const OVER_TLS_13 = { ...OVER_TLS, 's3:TlsVersion': '1.3' }

export async function simulate(policies: Policies, ask: Ask): Promise<Decision> {
  const { role, action, resource, context = {} } = ask
  const usual = action.startsWith('s3:') ? OVER_TLS_13 : OVER_TLS
  const answered = await runSimulation(
    {
      request: {
        principal: role.arn,
        action,
        resource: { resource, accountId: ACCOUNT },
        contextVariables: { ...usual, ...context },
      },
      identityPolicies: role.policies.map((policy, index) => ({ name: `p${index}`, policy })),
      serviceControlPolicies: [],
      resourceControlPolicies: [],
      resourcePolicy: findResourcePolicy(policies, resource),
    },
    {},
  )
  if (answered.resultType === 'error') {
    throw new Error(`${action} on ${resource}: ${JSON.stringify(answered.errors)}`)
  }
  return answered.overallResult as Decision
}

function findResourcePolicy({ resources }: Policies, resource: string): unknown {
  const bucket = /^arn:aws:s3:::[^/]+/.exec(resource)?.[0]
  return resources.get(bucket ?? resource)
}
