/** Spark: runs by the clock, in seconds that are paid for. */
import { unreachable } from '../std/assert.ts'
import type { Line } from './bill.ts'
import { guessed } from './bill.ts'
import type { CostLoad } from './load.ts'
import { ASSUMED, DAYS, HOURS } from './load.ts'

const HOUR_S = 3_600
const MILLION = 1e6

export function linesOfBatch(load: CostLoad): readonly Line[] {
  const runs = runsOf(load)
  return [
    ...(load.runner === 'ec2' ? instanceLines(load, runs) : serverlessLines(load, runs)),
    guessed('calls of the scheduler', 'schedule', runs / MILLION),
    guessed('starting runs', 'lambdaRequest', runs / MILLION),
  ]
}

/** In a month. */
function runsOf({ schedule }: CostLoad): number {
  switch (schedule) {
    case 'hour':
      return HOURS
    case 'day':
      return DAYS
    case null:
      return 0
    default:
      return unreachable(schedule)
  }
}

/** A run counts the windows of a day: of an hourly one, the day so far, half of it on average. */
function eventsPerRunOf({ eventsPerDay, schedule }: CostLoad): number {
  return schedule === 'hour' ? eventsPerDay / 2 : eventsPerDay
}

function serverlessLines(load: CostLoad, runs: number): readonly Line[] {
  const { sparkVcpu, sparkGb, sparkStartS, sparkEventsPerVcpuS } = ASSUMED
  const seconds = sparkStartS + eventsPerRunOf(load) / (sparkEventsPerVcpuS * sparkVcpu)
  const hours = (runs * seconds) / HOUR_S
  return [
    guessed(`Spark, ${sparkVcpu} vCPU`, 'emrVcpu', hours * sparkVcpu),
    guessed(`Spark, ${sparkGb} GB`, 'emrMemory', hours * sparkGb),
  ]
}

function instanceLines(load: CostLoad, runs: number): readonly Line[] {
  const { instanceVcpu, instanceStartS, instanceVolumeGb, sparkEventsPerVcpuS } = ASSUMED
  const seconds = instanceStartS + eventsPerRunOf(load) / (sparkEventsPerVcpuS * instanceVcpu)
  const hours = (runs * seconds) / HOUR_S
  return [
    guessed('instance', load.spot ? 'instanceSpot' : 'instance', hours),
    guessed('its public address', 'publicAddress', hours),
    guessed('its volume, while it lives', 'volume', (instanceVolumeGb * hours) / HOURS),
  ]
}
