import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { Validations } from 'aws-cdk-lib'
import { AwsSolutionsChecks } from 'cdk-nag'
import { describe, expect, test, vi } from 'vitest'
import { COMBINATIONS } from '../../scripts/combinations.ts'
import { assemble } from '../support/assembly.ts'
import { ACKNOWLEDGED } from './acknowledged.ts'

/** Together they have every resource that there is in any. */
const CHOSEN = ['defaults', 'spot', 'large', 'trial']

interface Report {
  readonly pluginReports: readonly {
    readonly violations: readonly {
      readonly ruleName: string
      readonly violatingConstructs: readonly { readonly constructPath: string }[]
    }[]
  }[]
}

/** As `rule at construct`, of names that do not depend on the deployment. */
function findIn(settings: Readonly<Record<string, unknown>>): readonly string[] {
  using assembly = assemble(settings)
  const { app, directory } = assembly
  Validations.of(app).addPlugins(new AwsSolutionsChecks(app))
  // It throws where there is a finding, after it wrote its report, and says all of them.
  const quiet = vi.spyOn(process.stderr, 'write').mockReturnValue(true)
  try {
    app.synth()
  } catch (error) {
    if (!String(error).includes('validation-report.json')) throw error
  } finally {
    quiet.mockRestore()
    process.exitCode = undefined
  }
  const text = readFileSync(join(directory, 'validation-report.json'), 'utf8')
  const { pluginReports } = JSON.parse(text) as Report
  return pluginReports.flatMap(({ violations }) =>
    violations.flatMap(({ ruleName, violatingConstructs }) =>
      violatingConstructs.map(({ constructPath }) => {
        return `${toRule(ruleName)} at ${constructPath.replace(/^\w+-/, '')}`
      }),
    ),
  )
}

function toRule(name: string): string {
  return name
    .replace('AwsSolutions-', '')
    .replace(/[\w-]+-lake:ExportsOutputFnGetAtt(\w+?)[0-9A-F]{8}Arn[0-9A-F]{8}/, '$1')
    .replace(/<([A-Za-z]+?)(?:[0-9A-F]{8})?\.Arn>/, '$1')
    .replace('arn:<AWS::Partition>:iam::aws:policy/service-role/', '')
    .replace(/arn:<AWS::Partition>:ec2:<AWS::Region>:(?:<AWS::AccountId>)?:/, 'ec2:')
}

describe('the rules of AwsSolutions', () => {
  const acknowledged = new Set(
    ACKNOWLEDGED.flatMap(({ rule, at }) => at.map(path => `${rule} at ${path}`)),
  )
  const found = new Map(
    COMBINATIONS.filter(({ name }) => CHOSEN.includes(name)).map(({ name, settings }) => [
      name,
      findIn(settings),
    ]),
  )

  test.each(CHOSEN)('find nothing in %s that nobody gave a reason for', name => {
    const findings = found.get(name) ?? []
    expect(findings.length).toBeGreaterThan(0)
    expect(findings.filter(finding => !acknowledged.has(finding))).toEqual([])
  })

  test('a reason is given for nothing that is not found', () => {
    const all = new Set([...found.values()].flat())
    expect([...acknowledged].filter(line => !all.has(line))).toEqual([])
  })
})
