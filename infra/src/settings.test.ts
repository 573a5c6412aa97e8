import { describe, expect, test } from 'vitest'
import { parseSettings, SETTINGS_DEFAULT } from './settings.ts'

describe('settings', () => {
  test('nothing said is the defaults', () => {
    expect(parseSettings({})).toEqual(SETTINGS_DEFAULT)
  })

  test('what is said wins, null too', () => {
    const settings = parseSettings({ schedule: null, workers: 3, throttle: { rate: 5, burst: 6 } })
    expect(settings).toEqual({
      ...SETTINGS_DEFAULT,
      schedule: null,
      workers: 3,
      throttle: { rate: 5, burst: 6 },
    })
  })

  test.each([
    [[], 'the file'],
    [{ worker: 2 }, 'there is no setting worker'],
    [{ name: 'Weir' }, 'name: '],
    [{ region: 'Frankfurt' }, 'region: '],
    [{ ttl: '2027-02-30' }, 'ttl: '],
    [{ brokerSize: 'large' }, 'brokerSize: '],
    [{ corsOrigins: ['*'] }, 'corsOrigins.0: '],
    [{ corsOrigins: ['https://shop.example/'] }, 'corsOrigins.0: '],
    [{ throttle: { rate: 1 } }, 'throttle.burst: '],
    [{ workers: 1.5 }, 'workers: '],
    [{ certificateArn: 'arn:aws:iam::1:x' }, 'certificateArn: '],
    [{ alb: false, keysFile: 'keys.json' }, 'set alb too'],
    [{ spot: true }, 'set runner to ec2'],
    [{ apiKeys: ['a', 'a'] }, 'names one twice'],
  ])('%j is refused: %s', (value, text) => {
    expect(() => parseSettings(value)).toThrow(text)
  })

  test('all that is wrong is told at once', () => {
    expect(() => parseSettings({ workers: 0, alb: 'yes' })).toThrow(/alb: .*workers: /)
  })
})
