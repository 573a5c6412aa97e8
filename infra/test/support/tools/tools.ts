/** Programs that PyPI has and tests need: moto, AWS's command line, shellcheck. */
import { join } from 'node:path'
import { resolvePrograms } from '../../../../test/support/python.ts'

/** The folder of the programs, which are downloaded the first time: that takes a minute. */
export function resolveTools(): Promise<string> {
  return resolvePrograms('infra-tools', join(import.meta.dirname, 'requirements.txt'))
}
