/**
 * `npm run synth [-- SETTINGS.json …]`: the templates of the deployments that matter, or of those
 * that are named, and how many resources each stack has. It reaches no network and no account.
 */
import { readFileSync } from 'node:fs'
import process from 'node:process'
import type { Combination } from './combinations.ts'
import { COMBINATIONS } from './combinations.ts'
import { canUnshare, synthesise } from './synthesise.ts'

const isolated = canUnshare()
const say = (text: string): void => void process.stdout.write(`${text}\n`)

say(
  isolated ? 'in a namespace without a network' : 'with a network: unshare -rn does not work here',
)
for (const { name, about, settings } of chosen(process.argv.slice(2))) {
  say(`${name}: ${about}`)
  for (const { stack, resourceCount } of synthesise(settings, { isolated }).stacks) {
    say(`  ${stack.padEnd(24)} ${resourceCount} resources`)
  }
}

function chosen(files: readonly string[]): readonly Combination[] {
  if (files.length === 0) return COMBINATIONS
  return files.map(file => {
    const settings = JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>
    return { name: file, about: 'as it says', settings }
  })
}
