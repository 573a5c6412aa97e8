/** What an error of the SDK means for a run: to be tried again, or the end of it. */
import { Fault, messageOf } from '../../../src/std/fault.ts'

/** Limits and capacity, which AWS answers with a 4xx now and then: later there may be room. */
const PASSING = [
  'ConflictException',
  'InstanceLimitExceeded',
  'InsufficientInstanceCapacity',
  'MaxSpotInstanceCountExceeded',
  'RequestLimitExceeded',
  'ServiceQuotaExceededException',
  'SpotMaxPriceTooLow',
  'Throttling',
  'ThrottlingException',
  'TooManyRequestsException',
  'VcpuLimitExceeded',
]

/** `what` begins the message: `emr serverless did not start run day-2026-11-22`. */
export function toRefusal(error: unknown, what: string): Fault {
  const { $metadata } = error as { readonly $metadata?: { readonly httpStatusCode?: number } }
  const status = $metadata?.httpStatusCode ?? null
  const name = error instanceof Error ? error.name : ''
  const isFinal = status !== null && status >= 400 && status < 500 && status !== 429
  const code = isFinal && !PASSING.includes(name) ? 'SPARK_FAILED' : 'SPARK_UNAVAILABLE'
  const remedy = REMEDIES.find(([names]) => names.includes(name))?.[1]
  const why = `${name}: ${messageOf(error)}${remedy === undefined ? '' : `; ${remedy}`}`
  return new Fault(code, `${what}: ${why}`, { cause: error })
}

const REMEDIES: readonly (readonly [names: readonly string[], remedy: string])[] = [
  [
    ['AccessDeniedException', 'UnauthorizedOperation'],
    'let the role of this function start jobs, and pass the role of jobs',
  ],
  [
    ['ResourceNotFoundException', 'InvalidLaunchTemplateId.NotFound'],
    'deploy the batch stack anew',
  ],
]
