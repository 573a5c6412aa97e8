/**
 * The rules of AWS Control Tower over the templates, by cfn-guard, which comes as a program in a
 * package of npm: for Linux and macOS.
 */
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { compareFindings, toStack } from './findings.ts'
import { GUARD_ACKNOWLEDGED } from './guard-acknowledged.ts'
import { writeTemplates } from './templates.ts'

interface Guarded {
  readonly name: string
  readonly not_compliant: readonly { readonly Rule: { readonly name: string } }[]
  readonly compliant: readonly string[]
}

const PACKAGE = fileURLToPath(
  new URL('../../node_modules/@cdklabs/cdk-validator-cfnguard', import.meta.url),
)
const system = process.platform === 'darwin' ? 'macos' : 'ubuntu'
const processor = process.arch === 'arm64' ? 'aarch64' : 'x86_64'
const program = `${PACKAGE}/bin/${system}/${processor}/cfn-guard`
const isSkipped = !existsSync(program) && process.env['CI'] !== 'true'
/** It is heavy, and others may be there. */
const TEST_MS_MAX = 300_000
const OUTPUT_BYTES_MAX = 500_000_000
/** It found what does not comply. */
const FOUND = 19

describe.skipIf(isSkipped)(isSkipped ? `skipped: no ${program}` : 'rules of Control Tower', () => {
  test(
    'find nothing that nobody gave a reason for',
    () => {
      using written = writeTemplates()
      const rules = ['--rules', `${PACKAGE}/rules/control-tower`]
      const data = written.files.flatMap(file => ['--data', file])
      const manner = ['--structured', '--output-format', 'json', '--show-summary', 'none']
      const done = spawnSync(program, ['validate', ...rules, ...data, ...manner], {
        encoding: 'utf8',
        maxBuffer: OUTPUT_BYTES_MAX,
      })
      expect(done.status, done.stderr).toBe(FOUND)
      const guarded = JSON.parse(done.stdout) as readonly Guarded[]
      expect(guarded).toHaveLength(written.files.length)
      expect(guarded.flatMap(({ compliant }) => compliant).length).toBeGreaterThan(50)
      const found = guarded.flatMap(({ name, not_compliant: rulesBroken }) =>
        rulesBroken.map(({ Rule }) => `${Rule.name} in ${toStack(name)}`),
      )
      expect(compareFindings(found, GUARD_ACKNOWLEDGED)).toEqual({ open: [], idle: [] })
    },
    TEST_MS_MAX,
  )
})
