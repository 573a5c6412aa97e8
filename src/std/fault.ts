/**
 * The world is bad: a disk is full, a file is missing, a setting is wrong, a peer is gone.
 *
 * Every Fault carries a code of the closed list below. The code decides whether trying again can
 * help (`retry`); the message says what happened to what, lower case, and how to mend it where a
 * person can. Bad *data* is never a Fault: it is a verdict, counted. A broken assumption of ours is
 * never a Fault either: it is an assertion, and crashes.
 */

export type Retry = 'never' | 'at-once' | 'with-backoff'

/** Every code there is, with when it is raised. The reference page is generated from this. */
export const FAULTS = {
  ADDRESS_IN_USE: { retry: 'never', when: 'the port is taken by another process' },
  CONFIG_INVALID: { retry: 'never', when: 'a setting has a wrong name, type or value' },
  DATA_DIR_BUSY: { retry: 'never', when: 'another process holds the data directory' },
  DATA_DIR_MISMATCH: {
    retry: 'never',
    when: 'the data directory was made with other fixed settings, or by another version',
  },
  EPOCH_FENCED: {
    retry: 'never',
    when: 'another worker has taken over the shard; nothing more is written here',
  },
  FILE_UNREADABLE: { retry: 'never', when: 'a named file is missing, or cannot be read' },
  FORMAT_UNKNOWN: { retry: 'never', when: 'a file is of no format that weir can read' },
  LAKE_INCOMPLETE: {
    retry: 'never',
    when: 'the lake lacks events that were counted, so that nothing can be recounted from it',
  },
  LAKE_UNAVAILABLE: {
    retry: 'with-backoff',
    when: 'files for the lake cannot be written in the data directory',
  },
  LAKE_UNREADABLE: {
    retry: 'never',
    when: 'the lake is missing, or has files that cannot be counted',
  },
  LOG_CORRUPT: { retry: 'never', when: 'a segment fails its checksum before its last batch' },
  LOG_FULL: { retry: 'with-backoff', when: 'the log is at its size limit, or the disk is full' },
  LOG_OFFSET_OUT_OF_RANGE: { retry: 'never', when: 'an offset is asked for that the log lacks' },
  LOG_UNAVAILABLE: {
    retry: 'with-backoff',
    when: 'the log cannot be reached, or refuses after a failed write',
  },
  NOT_ADDITIVE: {
    retry: 'never',
    when: 'distinct values are asked for over keys or windows that they do not add up over',
  },
  NOT_HERE: { retry: 'never', when: 'this process lacks what the question needs; another has it' },
  OBJECTS_UNAVAILABLE: {
    retry: 'with-backoff',
    when: 'the object store cannot be reached, or refuses',
  },
  PROGRAM_MISSING: {
    retry: 'never',
    when: 'a program or package that a command needs, as java, is not installed',
  },
  QUERY_INVALID: { retry: 'never', when: 'a question has a wrong metric, time, limit or cursor' },
  REBUILD_TOO_LARGE: {
    retry: 'never',
    when: 'a recount has more rows or ids than it may hold in memory',
  },
  REQUEST_REFUSED: { retry: 'never', when: 'weir does not take what a client sends' },
  SERVER_UNREACHABLE: { retry: 'with-backoff', when: 'the running weir does not answer' },
  SPARK_FAILED: { retry: 'never', when: 'a job of spark was refused, or ended without its result' },
  SPARK_UNAVAILABLE: {
    retry: 'with-backoff',
    when: 'what runs spark elsewhere cannot be reached, or has no room now',
  },
  STORE_COMMIT_UNCERTAIN: {
    retry: 'at-once',
    when: 'a commit failed; reopening the store tells whether it took effect',
  },
  STORE_CONFLICT: {
    retry: 'at-once',
    when: 'the store moved on since what it is to take was counted',
  },
  STORE_CORRUPT: { retry: 'never', when: 'a file of the store is damaged' },
  STORE_UNAVAILABLE: { retry: 'with-backoff', when: 'the store cannot be opened or written' },
  TOPIC_MISMATCH: {
    retry: 'never',
    when: 'a topic of the log is missing, was deleted, or is not as the config says',
  },
  USAGE: { retry: 'never', when: 'a command line has a wrong command, flag or argument' },
  ZONE_NOT_AVAILABLE: {
    retry: 'never',
    when: 'a metric is asked for in another zone than its own',
  },
} as const

export type FaultCode = keyof typeof FAULTS

export class Fault extends Error {
  override readonly name = 'Fault'
  readonly code: FaultCode
  readonly retry: Retry

  constructor(code: FaultCode, message: string, options: { readonly cause?: unknown } = {}) {
    super(message, options.cause === undefined ? {} : { cause: options.cause })
    this.code = code
    this.retry = FAULTS[code].retry
  }
}

/** Tells whether `error` is a Fault, of one of `codes` where any are given. */
export function isFault(error: unknown, ...codes: readonly FaultCode[]): error is Fault {
  return error instanceof Fault && (codes.length === 0 || codes.includes(error.code))
}

/** The message of anything thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

/** The system's error code (`ENOENT`, `ENOSPC`, …) of anything thrown, or null; not a Fault's. */
export function systemCodeOf(error: unknown): string | null {
  if (error instanceof Fault || !(error instanceof Error) || !('code' in error)) return null
  return typeof error.code === 'string' ? error.code : null
}
