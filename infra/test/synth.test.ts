import { describe, expect, test } from 'vitest'
import { COMBINATIONS } from '../scripts/combinations.ts'
import { canUnshare, synthesise } from '../scripts/synthesise.ts'
import { parseSettings } from '../src/settings.ts'

const ROOMS = ['api', 'batch', 'guardrails', 'lake', 'network', 'stream']
/** Synthesised by every run; `npm run synth` does the others too. */
const CHOSEN = ['defaults', 'spot']

describe('the deployments that are proved', () => {
  test('are eight or more, each of settings that are allowed', () => {
    expect(COMBINATIONS.length).toBeGreaterThanOrEqual(8)
    for (const { settings } of COMBINATIONS) expect(() => parseSettings(settings)).not.toThrow()
  })

  test.each(CHOSEN)('%s is synthesised by cdk, without a network where that can be', name => {
    const combination = COMBINATIONS.find(one => one.name === name)
    const { stacks } = synthesise(combination?.settings ?? {}, { isolated: canUnshare() })
    expect(stacks.map(({ stack }) => stack)).toEqual(ROOMS.map(room => `weir-${room}`))
    for (const { resourceCount } of stacks) expect(resourceCount).toBeGreaterThan(5)
  })

  test('a wrong setting is told, not synthesised', () => {
    expect(() => synthesise({ workers: 0 }, { isolated: false })).toThrow(/workers: /)
  })
})
