/** What tools find in templates, compared with what somebody gave a reason for. */

export interface Acknowledged {
  readonly rule: string
  /** Stacks, after the deployment's name. */
  readonly in: readonly string[]
  readonly reason: string
}

/** As `rule in stack`. */
export interface Compared {
  /** Found, and nobody gave a reason. */
  readonly open: readonly string[]
  /** Somebody gave a reason, and it is not found. */
  readonly idle: readonly string[]
}

export function compareFindings(
  found: readonly string[],
  acknowledged: readonly Acknowledged[],
): Compared {
  const known = new Set(
    acknowledged.flatMap(({ rule, in: stacks }) => stacks.map(stack => `${rule} in ${stack}`)),
  )
  const all = new Set(found)
  return {
    open: [...all].filter(finding => !known.has(finding)),
    idle: [...known].filter(finding => !all.has(finding)),
  }
}

/** `weir-lake.template.json`, under any path, is `lake`. */
export function toStack(file: string): string {
  return /[a-z]+-([a-z]+)\.template\.json$/.exec(file)?.[1] ?? file
}
