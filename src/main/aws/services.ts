/** What the stacks run: Kafka, the service that counts, Spark, and the budget that stops them. */
import type { Finding } from '../running/finding.ts'
import type { AwsContext } from './context.ts'
import { loadSdk } from './sdk.ts'

export async function checkKafka({ name }: AwsContext): Promise<Finding> {
  const sdk = await loadSdk('kafka', () => import('@aws-sdk/client-kafka'))
  using client = destroyed(new sdk.KafkaClient())
  const asked = new sdk.ListClustersV2Command({ ClusterNameFilter: name })
  const { ClusterInfoList = [] } = await client.sdk.send(asked)
  const cluster = ClusterInfoList.find(one => one.ClusterName === name)
  if (cluster === undefined) {
    return { check: 'kafka', grade: 'failed', text: `no cluster ${name}; deploy ${name}-stream` }
  }
  const { State, Provisioned } = cluster
  const login = Provisioned?.ClientAuthentication
  const lacks = [
    State === 'ACTIVE' ? null : `is ${State ?? 'in no state'}`,
    login?.Sasl?.Iam?.Enabled === true ? null : 'does not let roles in',
    login?.Unauthenticated?.Enabled === true ? 'lets anybody in' : null,
    Provisioned?.EncryptionInfo?.EncryptionInTransit?.ClientBroker === 'TLS'
      ? null
      : 'may be reached without TLS',
  ].filter(one => one !== null)
  const brokers = Provisioned?.NumberOfBrokerNodes ?? 0
  const text =
    lacks.length === 0
      ? `kafka ${name} is active: ${brokers} brokers, over TLS, for roles only`
      : `kafka ${name} ${lacks.join(', ')}`
  return { check: 'kafka', grade: lacks.length === 0 ? 'good' : 'failed', text }
}

export async function checkService({ name }: AwsContext): Promise<Finding> {
  const sdk = await loadSdk('ecs', () => import('@aws-sdk/client-ecs'))
  using client = destroyed(new sdk.ECSClient())
  const asked = new sdk.DescribeServicesCommand({ cluster: name, services: [name] })
  const { services = [] } = await client.sdk.send(asked)
  const service = services.find(one => one.status === 'ACTIVE')
  if (service === undefined) {
    return { check: 'service', grade: 'failed', text: `no service ${name}; deploy ${name}-stream` }
  }
  const { desiredCount = 0, runningCount = 0 } = service
  if (desiredCount === 0) {
    const text = `service ${name} is stopped: what Kafka's retention takes meanwhile is not counted`
    return { check: 'service', grade: 'warning', text }
  }
  const text = `service ${name}: ${runningCount} of ${desiredCount} tasks run`
  return { check: 'service', grade: runningCount === desiredCount ? 'good' : 'failed', text }
}

export async function checkSpark({ name }: AwsContext): Promise<Finding> {
  const sdk = await loadSdk('emr-serverless', () => import('@aws-sdk/client-emr-serverless'))
  using client = destroyed(new sdk.EMRServerlessClient())
  const wanted = `${name}-spark`
  const { applications = [] } = await client.sdk.send(new sdk.ListApplicationsCommand({}))
  const found = applications.find(one => one.name === wanted && one.state !== 'TERMINATED')
  if (found === undefined) {
    const text = `no application ${wanted}: Spark runs on EC2, or ${name}-batch is not deployed`
    return { check: 'spark', grade: 'warning', text }
  }
  const asked = new sdk.GetApplicationCommand({ applicationId: found.id })
  const { application } = await client.sdk.send(asked)
  const lacks = [
    application?.autoStopConfiguration?.enabled === true ? null : 'does not stop when it is idle',
    application?.maximumCapacity === undefined ? 'has no cap' : null,
  ].filter(one => one !== null)
  const text =
    lacks.length === 0
      ? `spark: application ${wanted} is ${found.state}, with a cap, and stops when it is idle`
      : `spark: application ${wanted} ${lacks.join(', ')}`
  return { check: 'spark', grade: lacks.length === 0 ? 'good' : 'failed', text }
}

const SHARE_TOLD = 0.8

export async function checkBudget({ name, account }: AwsContext): Promise<Finding> {
  const sdk = await loadSdk('budgets', () => import('@aws-sdk/client-budgets'))
  using client = destroyed(new sdk.BudgetsClient())
  const BudgetName = `${name}-actual`
  const asked = new sdk.DescribeBudgetCommand({ AccountId: account, BudgetName })
  const answer = await client.sdk.send(asked).catch((error: unknown) => {
    if (error instanceof sdk.NotFoundException) return null
    throw error
  })
  const limit = answer?.Budget?.BudgetLimit
  if (limit === undefined) {
    const text = `no budget ${BudgetName}: nothing stops the spending; deploy ${name}-guardrails`
    return { check: 'budget', grade: 'failed', text }
  }
  const spent = Number(answer?.Budget?.CalculatedSpend?.ActualSpend?.Amount ?? 0)
  const isNear = spent > SHARE_TOLD * Number(limit.Amount)
  const text = `budget ${BudgetName}: ${spent.toFixed(2)} of ${limit.Amount} ${limit.Unit} spent`
  return { check: 'budget', grade: isNear ? 'warning' : 'good', text }
}

/** A client keeps sockets open until it is destroyed. */
function destroyed<Client extends { destroy(): void }>(
  sdk: Client,
): Disposable & { readonly sdk: Client } {
  return { sdk, [Symbol.dispose]: () => sdk.destroy() }
}
