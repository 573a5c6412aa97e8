/**
 * Settings become templates by the real `cdk synth`, in a process of its own that has no network
 * where the system lets it have none (`unshare -rn`): nothing may be looked up.
 */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'

export interface Synthesised {
  /** In the order of their names, as `weir-api`. */
  readonly stacks: readonly StackCount[]
  readonly templates: ReadonlyMap<string, unknown>
}

export interface StackCount {
  readonly stack: string
  readonly resourceCount: number
}

const INFRA = fileURLToPath(new URL('..', import.meta.url))
const SYNTH = ['synth', '--quiet', '--no-notices', '--no-version-reporting', '--no-lookups']
const TEMPLATE = '.template.json'

/** Whether a process can be had that reaches nothing. */
export function canUnshare(): boolean {
  return spawnSync('unshare', ['-rn', 'true']).status === 0
}

/** `settings` as a settings file has them. Throws with what cdk said where it failed. */
export function synthesise(
  settings: Readonly<Record<string, unknown>>,
  { isolated }: { readonly isolated: boolean },
): Synthesised {
  const directory = mkdtempSync(join(tmpdir(), 'weir-synth-'))
  try {
    const file = join(directory, 'settings.json')
    writeFileSync(file, JSON.stringify(settings))
    const output = join(directory, 'out')
    const cdk = [join(INFRA, 'node_modules/.bin/cdk'), ...SYNTH, '--output', output]
    const [command = '', ...rest] = [
      ...(isolated ? ['unshare', '-rn'] : []),
      process.execPath,
      ...cdk,
    ]
    const done = spawnSync(command, rest, {
      cwd: INFRA,
      encoding: 'utf8',
      env: { ...process.env, WEIR_AWS_SETTINGS: file, CDK_DISABLE_CLI_TELEMETRY: 'true' },
    })
    if (done.status !== 0) throw new Error(`cdk synth failed\n${done.stdout}\n${done.stderr}`)
    return readTemplates(output)
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}

function readTemplates(output: string): Synthesised {
  const files = readdirSync(output).filter(file => file.endsWith(TEMPLATE))
  const templates = new Map(
    files.sort().map(file => {
      const template: unknown = JSON.parse(readFileSync(join(output, file), 'utf8'))
      return [file.slice(0, -TEMPLATE.length), template]
    }),
  )
  const stacks = [...templates].map(([stack, template]) => {
    return { stack, resourceCount: countResources(template) }
  })
  return { stacks, templates }
}

function countResources(template: unknown): number {
  const { Resources } = template as { readonly Resources: object }
  return Object.keys(Resources).length
}
