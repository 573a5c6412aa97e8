/**
 * What an error of the SDK means: whether it passes by itself, and what a person can do. Codes are
 * those of https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html; what answers HEAD
 * has no code, only a status.
 */
import { messageOf, systemCodeOf } from '../../std/fault.ts'

export interface Refusal {
  /** Another try may succeed. */
  readonly isPassing: boolean
  /** What happened, and how to mend it. */
  readonly message: string
}

export interface S3Place {
  readonly bucket: string
  /** As they were set; null: the SDK's own. */
  readonly region: string | null
  readonly endpoint: string | null
}

/** Answers below 500 that another try may not meet again. */
const PASSING: readonly string[] = [
  'BadDigest',
  'ConditionalRequestConflict',
  'IncompleteBody',
  'OperationAborted',
  // The SDK sets its clock by the answer.
  'RequestTimeTooSkewed',
  'RequestTimeout',
  'SlowDown',
  'ThrottlingException',
  'XAmzContentChecksumMismatch',
  'XAmzContentSHA256Mismatch',
]
const PASSING_STATUS: readonly number[] = [408, 409, 429]

export function toRefusal(error: unknown, place: S3Place): Refusal {
  const code = error instanceof Error ? error.name : ''
  const status = answerOf(error)?.statusCode ?? null
  const remedy = REMEDIES[code] ?? null
  if (remedy !== null) {
    return { isPassing: PASSING.includes(code), message: remedy(place, messageOf(error)) }
  }
  if (status === null) return toUnanswered(error, place)
  // Without a side at fault, the SDK could not read the answer: it broke off, or is no XML.
  const isBroken = !('$fault' in (error as object))
  const isPassing = isBroken || PASSING.includes(code) || isPassingStatus(status)
  const told = `the answer was ${status} ${code}: ${messageOf(error)}`
  if (status === 301 || status === 307) return { isPassing, message: otherRegion(error, place) }
  if (status === 403) return { isPassing, message: denied(place, messageOf(error)) }
  return { isPassing, message: isPassing ? `${told}; try again later` : told }
}

/** Below 300: an answer that broke off, or that nobody could read. */
function isPassingStatus(status: number): boolean {
  return status < 300 || PASSING_STATUS.includes(status) || (status >= 500 && status !== 501)
}

type Remedy = (place: S3Place, said: string) => string

const REMEDIES: { readonly [code: string]: Remedy | undefined } = {
  NoSuchBucket: ({ bucket, endpoint }) =>
    `there is no bucket '${bucket}'${at(endpoint)}: make it, or name another`,
  InvalidBucketName: ({ bucket }) => `'${bucket}' is no name of a bucket: name another`,
  AccessDenied: (place, said) => denied(place, said),
  AllAccessDisabled: (place, said) => denied(place, said),
  InvalidAccessKeyId: unknownKey,
  // What versitygw says.
  XAdminUserNotFound: unknownKey,
  SignatureDoesNotMatch: (_, said) =>
    `the secret key does not belong to the access key (${said}): ${CREDENTIALS}`,
  ExpiredToken: (_, said) => `the credentials have expired (${said}): get new ones`,
  InvalidToken: (_, said) => `the session token is none (${said}): get new credentials`,
  CredentialsProviderError: (_, said) => `no credentials were found (${said}): ${CREDENTIALS}`,
  RequestTimeTooSkewed: (_, said) => `this machine's clock is wrong (${said}): set it by NTP`,
  AuthorizationHeaderMalformed: (place, said) => wrongRegion(place, said),
  IllegalLocationConstraintException: (place, said) => wrongRegion(place, said),
  NotImplemented: (_, said) =>
    `the server cannot do that (${said}): two workers could own one shard where there are no ` +
    'puts with If-None-Match; use a server that has them',
}

const CREDENTIALS =
  'set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE, or give the machine a role'

function at(endpoint: string | null): string {
  return endpoint === null ? '' : ` at ${endpoint}`
}

function unknownKey({ endpoint }: S3Place, said: string): string {
  return `the access key is not known${at(endpoint)} (${said}): ${CREDENTIALS}`
}

function denied({ bucket }: S3Place, said: string): string {
  return (
    `access is denied (${said}): allow these credentials s3:ListBucket on '${bucket}', and ` +
    's3:GetObject on its objects, and to write also s3:PutObject and s3:DeleteObject'
  )
}

function wrongRegion({ bucket, region }: S3Place, said: string): string {
  const asked = region === null ? 'the region asked' : `'${region}'`
  return `bucket '${bucket}' is not in ${asked} (${said}): set s3Region to where it is`
}

function otherRegion(error: unknown, place: S3Place): string {
  const region = answerOf(error)?.headers?.['x-amz-bucket-region']
  return wrongRegion(place, region === undefined ? messageOf(error) : `it is in ${region}`)
}

/** No answer came: it was sent nowhere, or the connection was lost, or broke. */
function toUnanswered(error: unknown, { endpoint }: S3Place): Refusal {
  const said = messageOf(error)
  if (/region is missing/i.test(said)) {
    return { isPassing: false, message: 'no region is named: set s3Region, or AWS_REGION' }
  }
  const isUnknown = ['ENOTFOUND', 'EAI_AGAIN', 'ECONNREFUSED'].includes(systemCodeOf(error) ?? '')
  const server = endpoint ?? 'S3'
  const message = isUnknown
    ? `${server} cannot be reached (${said}): check s3Endpoint, and the network`
    : `${server} did not answer (${said}): check the network, and try again later`
  return { isPassing: true, message }
}

interface Answer {
  readonly statusCode?: number
  readonly headers?: { readonly [name: string]: string | undefined }
}

/** What came, for errors that the SDK made of an answer. */
function answerOf(error: unknown): Answer | null {
  const { $metadata, $response } = error as {
    readonly $metadata?: { readonly httpStatusCode?: number }
    readonly $response?: Answer
  }
  const statusCode = $response?.statusCode ?? $metadata?.httpStatusCode
  if (statusCode === undefined) return null
  return { statusCode, ...($response?.headers === undefined ? {} : { headers: $response.headers }) }
}
