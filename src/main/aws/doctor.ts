/**
 * `weir doctor --aws`: looks at a deployment from outside, as whoever asks, and changes nothing.
 * What AWS's own checks of a template cannot show is seen here: that things are there, are in the
 * state they should be in, and are as closed as they were written.
 */
import type { Finding } from '../running/finding.ts'
import type { CommandContext } from '../terminal/command.ts'
import { checkBuckets } from './buckets.ts'
import type { AwsContext } from './context.ts'
import { loadSdk, toAwsText } from './sdk.ts'
import { checkBudget, checkKafka, checkService, checkSpark } from './services.ts'

type Check = (context: AwsContext) => Promise<Finding | readonly Finding[]>

const CHECKS: { readonly [name: string]: Check } = {
  buckets: checkBuckets,
  kafka: checkKafka,
  service: checkService,
  spark: checkSpark,
  budget: checkBudget,
}

/** Each check fails for itself; without credentials there is but one finding. */
export async function checkAws(
  context: Pick<CommandContext, 'config'>,
  name: string,
): Promise<readonly Finding[]> {
  const caller = await checkCaller()
  if (caller.account === null) return [caller.finding]
  const aws = { config: context.config, name, account: caller.account }
  const found = await Promise.all(
    Object.entries(CHECKS).map(async ([check, look]) => {
      try {
        return [await look(aws)].flat()
      } catch (error) {
        return [{ check, grade: 'failed' as const, text: `${check}: ${toAwsText(error)}` }]
      }
    }),
  )
  return [caller.finding, ...found.flat()]
}

async function checkCaller(): Promise<{
  readonly finding: Finding
  readonly account: string | null
}> {
  const check = 'credentials'
  try {
    const sdk = await loadSdk('sts', () => import('@aws-sdk/client-sts'))
    const client = new sdk.STSClient()
    const { Account = null, Arn } = await client.send(new sdk.GetCallerIdentityCommand({}))
    const region = await client.config.region()
    client.destroy()
    const text = `${Arn}, in ${region}`
    return { finding: { check, grade: 'good', text }, account: Account }
  } catch (error) {
    const text = `aws does not know you: ${toAwsText(error)}; set AWS_PROFILE, and AWS_REGION`
    return { finding: { check, grade: 'failed', text }, account: null }
  }
}
