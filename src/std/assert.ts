/**
 * We are wrong: a broken assumption of our own code. It crashes the process and is never caught.
 */
export class AssertionFailure extends Error {
  override readonly name = 'AssertionFailure'
}

/** Crashes unless `condition` holds. `message` says what should have been true, lower case. */
export function assert(condition: boolean, message: string): asserts condition {
  if (!condition) throw new AssertionFailure(message)
}

/** Gives back `value`, which our own code guarantees to be there. */
export function present<T>(value: T | null | undefined, what: string): T {
  if (value === null || value === undefined) throw new AssertionFailure(`${what} is missing`)
  return value
}

/** Ends every switch over a union: a new member is then a compile error here. */
export function unreachable(value: never): never {
  throw new AssertionFailure(`unreachable: ${JSON.stringify(value)}`)
}
