/**
 * What every EventLog does. An adapter's test calls `describeLog` with how to open one; the suite
 * closes what it opens.
 */
import { describe, onTestFinished } from 'vitest'
import { describeAppending, describeArrivals } from './contract/appending.contract.ts'
import { type LogSettings, type Open, SETTINGS } from './contract/kit.contract.ts'
import { describeLimits } from './contract/limits.contract.ts'
import { describeReading, describeWaiting } from './contract/reading.contract.ts'
import type { EventLog } from './log.ts'

export interface LogHarness {
  readonly name: string
  /** The log keeps time, limits and retention itself. Brokers have their own. */
  readonly isSelfKept: boolean
  /** A new, empty log. What lies under it is removed when the test is finished. */
  open(settings: LogSettings): Promise<EventLog>
}

export function describeLog(harness: LogHarness): void {
  const open: Open = async (settings = {}) => {
    const log = await harness.open({ ...SETTINGS, ...settings })
    onTestFinished(async () => {
      await log[Symbol.asyncDispose]()
    })
    return log
  }
  describe(`${harness.name}: appending`, () => describeAppending(open))
  if (harness.isSelfKept) describe(`${harness.name}: the clock`, () => describeArrivals(open))
  describe(`${harness.name}: reading`, () => describeReading(open))
  describe(`${harness.name}: waiting`, () => describeWaiting(open))
  if (!harness.isSelfKept) return
  describe(`${harness.name}: limits and retention`, () => describeLimits(open))
}
