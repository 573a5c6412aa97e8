import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { Fault } from '../../std/fault.ts'
import { loadSdk, toAwsText } from './sdk.ts'

test('a client that is not installed is told, with the versions that are tested', async () => {
  const told = await loadSdk('kafka', () => Promise.reject(new Error('absent'))).catch(
    (error: unknown) => error,
  )
  expect(told).toMatchObject({ code: 'PROGRAM_MISSING' })
  const [, wanted = ''] = /npm install (.*)$/.exec(String(told)) ?? []
  const root = new URL('../../../package.json', import.meta.url)
  const { devDependencies } = JSON.parse(readFileSync(root, 'utf8'))
  const tested = wanted.split(' ').map(one => {
    const at = one.lastIndexOf('@')
    return [one.slice(0, at), one.slice(at + 1)] as const
  })
  expect(tested.length).toBe(5)
  for (const [name, version] of tested) expect(devDependencies[name], name).toBe(version)
})

test('an error is told in one line, by its name', () => {
  const denied = Object.assign(new Error('you may not\nsee the hidden field'), {
    name: 'AccessDenied',
  })
  expect(toAwsText(denied)).toBe('AccessDenied: you may not')
  const lost = Object.assign(new Error('connect refused'), { code: 'ECONNREFUSED' })
  expect(toAwsText(lost)).toBe('ECONNREFUSED: connect refused')
  expect(toAwsText(new Fault('PROGRAM_MISSING', 'not here'))).toBe('not here')
})
