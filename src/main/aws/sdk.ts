/**
 * The SDK's clients that `weir doctor --aws` asks AWS with. They are no dependencies of Weir, since
 * nothing else needs them: each is loaded when it is asked for, and its absence is told.
 */
import { Fault, messageOf, systemCodeOf } from '../../std/fault.ts'

/** Pinned one by one: the clients do not share a version. */
const VERSIONS = {
  budgets: '3.1124.0',
  ecs: '3.1164.0',
  'emr-serverless': '3.1169.0',
  kafka: '3.1169.0',
  sts: '3.1169.0',
} as const

/** Throws PROGRAM_MISSING with what to install. */
export async function loadSdk<Module>(
  name: keyof typeof VERSIONS,
  load: () => Promise<Module>,
): Promise<Module> {
  try {
    return await load()
  } catch (cause) {
    const all = Object.entries(VERSIONS).map(
      ([one, version]) => `@aws-sdk/client-${one}@${version}`,
    )
    throw new Fault(
      'PROGRAM_MISSING',
      `@aws-sdk/client-${name} is not installed beside weir: npm install ${all.join(' ')}`,
      { cause },
    )
  }
}

/** AWS's own name of an error, as `NoSuchBucket`, or the system's; else what it says. */
export function toAwsText(error: unknown): string {
  if (!(error instanceof Error) || error instanceof Fault) return messageOf(error)
  const [message] = messageOf(error).split('\n')
  return `${systemCodeOf(error) ?? error.name}: ${message}`
}
