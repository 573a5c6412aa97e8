/**
 * What brokers answer when they refuse, and what Weir makes of it.
 * Codes: https://kafka.apache.org/protocol#protocol_error_codes
 */
import { protocolErrors, protocolErrorsCodesById } from '@platformatic/kafka'
import { Fault, isFault, messageOf } from '../../std/fault.ts'

export const NONE = 0
export const OFFSET_OUT_OF_RANGE = 1
export const UNKNOWN_TOPIC_OR_PARTITION = 3
export const LEADER_NOT_AVAILABLE = 5
export const MESSAGE_TOO_LARGE = 10
export const ILLEGAL_GENERATION = 22
export const UNKNOWN_MEMBER_ID = 25
export const REBALANCE_IN_PROGRESS = 27
export const MEMBER_ID_REQUIRED = 79

/** The cluster is changing: the same request may succeed a moment later, perhaps elsewhere. */
const PASSING: ReadonlySet<number> = new Set([
  2, // CORRUPT_MESSAGE: on its way
  3, // UNKNOWN_TOPIC_OR_PARTITION: made a moment ago
  5, // LEADER_NOT_AVAILABLE
  6, // NOT_LEADER_OR_FOLLOWER
  7, // REQUEST_TIMED_OUT
  8, // BROKER_NOT_AVAILABLE
  9, // REPLICA_NOT_AVAILABLE
  13, // NETWORK_EXCEPTION
  14, // COORDINATOR_LOAD_IN_PROGRESS
  15, // COORDINATOR_NOT_AVAILABLE
  16, // NOT_COORDINATOR
  19, // NOT_ENOUGH_REPLICAS
  20, // NOT_ENOUGH_REPLICAS_AFTER_APPEND
  51, // CONCURRENT_TRANSACTIONS
  56, // KAFKA_STORAGE_ERROR
  70, // FETCH_SESSION_ID_NOT_FOUND
  71, // INVALID_FETCH_SESSION_EPOCH
  74, // FENCED_LEADER_EPOCH
  75, // UNKNOWN_LEADER_EPOCH
  78, // OFFSET_NOT_AVAILABLE
  89, // THROTTLING_QUOTA_EXCEEDED
  100, // UNKNOWN_TOPIC_ID: made a moment ago
  103, // INCONSISTENT_TOPIC_ID
])

export function isPassing(code: number): boolean {
  return PASSING.has(code)
}

/** `NOT_ENOUGH_REPLICAS: messages are rejected since …`. */
export function toErrorText(code: number): string {
  const id = protocolErrorsCodesById[code]
  const known = id === undefined ? undefined : protocolErrors[id]
  return known === undefined ? `error ${code}` : `${known.id}: ${known.message}`
}

/**
 * Thrown between the files of this folder: a request that failed as a whole, or an answer's code.
 */
export class BrokerError extends Error {
  override readonly name = 'BrokerError'
  readonly apiCode: number

  constructor(apiCode: number, what: string) {
    super(`${what} (${toErrorText(apiCode)})`)
    this.apiCode = apiCode
  }
}

/** LOG_UNAVAILABLE of anything thrown by the client; a Fault passes as it is. */
export function toLogFault(error: unknown, what: string): Fault {
  if (isFault(error)) return error
  return new Fault('LOG_UNAVAILABLE', `${what}: ${rootMessageOf(error)}`, { cause: error })
}

/** The client wraps causes; the innermost says most. */
function rootMessageOf(error: unknown): string {
  let inner = error
  for (let depth = 0; depth < 5; depth += 1) {
    if (inner instanceof AggregateError && inner.errors.length > 0) inner = inner.errors[0]
    else if (inner instanceof Error && inner.cause instanceof Error) inner = inner.cause
    else break
  }
  return messageOf(inner)
}
