/** What CloudFormation would refuse, by cfn-lint, which PyPI has. */
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import process from 'node:process'
import { describe, expect, test } from 'vitest'
import { pythonMissing, resolvePrograms } from '../../../test/support/python.ts'
import type { Acknowledged } from './findings.ts'
import { compareFindings, toStack } from './findings.ts'
import { writeTemplates } from './templates.ts'

const ACKNOWLEDGED: readonly Acknowledged[] = [
  {
    rule: 'W3005',
    in: ['api', 'batch', 'guardrails', 'stream'],
    reason: 'CDK says again what a function needs before it; saying it twice does no harm',
  },
]

const REGIONS = ['us-east-1', 'eu-central-1']
/** It is heavy, and others may be there. */
const TEST_MS_MAX = 300_000
const OUTPUT_BYTES_MAX = 100_000_000

interface Match {
  readonly Filename: string
  readonly Message: string
  readonly Rule: { readonly Id: string }
}

const missing = pythonMissing()
const isSkipped = missing !== null && process.env['CI'] !== 'true'

describe.skipIf(isSkipped)(isSkipped ? `skipped: ${missing}` : 'cfn-lint', () => {
  test(
    'finds nothing that nobody gave a reason for',
    async () => {
      const requirements = join(import.meta.dirname, 'requirements.txt')
      const program = join(await resolvePrograms('cfn-lint', requirements), 'cfn-lint')
      using written = writeTemplates()
      const manner = ['--format', 'json', '--regions', ...REGIONS]
      const done = spawnSync(program, [...manner, '--', ...written.files], {
        encoding: 'utf8',
        maxBuffer: OUTPUT_BYTES_MAX,
      })
      const matches = JSON.parse(done.stdout) as readonly Match[]
      expect(matches.length, done.stderr).toBeGreaterThan(0)
      const found = matches.map(({ Rule, Filename }) => `${Rule.Id} in ${toStack(Filename)}`)
      const compared = compareFindings(found, ACKNOWLEDGED)
      const said = matches.filter(({ Rule }) => Rule.Id !== 'W3005').map(({ Message }) => Message)
      expect(compared, said.join('\n')).toEqual({ open: [], idle: [] })
    },
    TEST_MS_MAX,
  )
})
