/**
 * Keys of an API, and the plan that binds them: a key that no plan has opens nothing, and a plan
 * binds nobody where methods ask for no key.
 */
import type { Method, RestApi, UsagePlan } from 'aws-cdk-lib/aws-apigateway'
import type { Throttle } from './rest-api.ts'

export interface KeyedPlanProps {
  readonly name: string
  readonly about: string
  /** One key for each; their values are made by AWS, and shown to who may read them. */
  readonly keys: readonly string[]
  /** Of each key. */
  readonly throttle: Throttle
  readonly methodThrottles: readonly { readonly method: Method; readonly throttle: Throttle }[]
}

export function addKeyedPlan(api: RestApi, id: string, props: KeyedPlanProps): UsagePlan {
  const plan = api.addUsagePlan(id, {
    name: props.name,
    description: `Weir: ${props.about}`,
    throttle: toSettings(props.throttle),
    apiStages: [
      {
        api,
        stage: api.deploymentStage,
        throttle: props.methodThrottles.map(({ method, throttle }) => ({
          method,
          throttle: toSettings(throttle),
        })),
      },
    ],
  })
  for (const key of props.keys) {
    // By its name it is found, and its value asked for.
    const apiKeyName = `${props.name}-${key}`
    const description = `Weir: ${props.about}`
    plan.addApiKey(api.addApiKey(`Key-${key}`, { apiKeyName, description }))
  }
  return plan
}

function toSettings({ rate, burst }: Throttle): { rateLimit: number; burstLimit: number } {
  return { rateLimit: rate, burstLimit: burst }
}
