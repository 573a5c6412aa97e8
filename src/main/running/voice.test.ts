import { expect, test } from 'vitest'
import { Fault } from '../../std/fault.ts'
import { createVoice } from './voice.ts'

const LOST = new Fault('LOG_UNAVAILABLE', 'no broker answers')

test('an outage that several notice is told once, and over when it is for all', () => {
  const lines: string[] = []
  const voice = createVoice({ talk: line => lines.push(line) }, 'counting again')
  const [log, group] = [voice.of('counting waits'), voice.of('the group waits')]
  log(LOST)
  group(LOST)
  log(null)
  expect(lines).toEqual(['weir: counting waits: no broker answers'])
  log(LOST)
  group(null)
  log(null)
  log(null)
  expect(lines.slice(1)).toEqual(['weir: counting again'])
  group(LOST)
  expect(lines.slice(2)).toEqual(['weir: the group waits: no broker answers'])
})
