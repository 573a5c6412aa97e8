/** What ends a run: an interrupt, or the first thing that fails. */
export interface End {
  readonly signal: AbortSignal
  fail(error: unknown): void
  throwIfFailed(): void
}

export function createEnd(interrupt: AbortSignal): End {
  const failed = new AbortController()
  let failure: { readonly error: unknown } | null = null
  return {
    signal: AbortSignal.any([interrupt, failed.signal]),
    fail: error => {
      failure ??= { error }
      failed.abort()
    },
    throwIfFailed: () => {
      if (failure !== null) throw failure.error
    },
  }
}
