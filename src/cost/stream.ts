/** The brokers, what feeds them, and the tasks that count. */
import type { Line } from './bill.ts'
import { fixed, guessed } from './bill.ts'
import type { CostLoad } from './load.ts'
import { ASSUMED, DAYS, GB, HOURS } from './load.ts'

export function linesOfStream(load: CostLoad): readonly Line[] {
  return [...brokerLines(load), ...taskLines(load), ...(load.alb ? frontLines(load) : [])]
}

/** GB of Kafka that the load fills, over all brokers: three copies of each record. */
export function kafkaGbOf({ eventsPerDay, eventBytes, retentionHours }: CostLoad): number {
  return (eventsPerDay * eventBytes * (retentionHours / 24) * ASSUMED.brokers) / GB
}

function brokerLines(load: CostLoad): readonly Line[] {
  const { brokers, brokerGb, acrossZones, readsPerRecord } = ASSUMED
  const price = load.brokerSize === 'small' ? 'brokerSmall' : 'brokerStandard'
  const gb = (load.eventsPerDay * load.eventBytes * DAYS) / GB
  const logGb = (brokers * ASSUMED.logBytesPerBrokerDay * DAYS) / GB
  return [
    fixed(`${brokers} brokers`, price, brokers * HOURS),
    fixed(`${brokers} volumes of ${brokerGb} GB`, 'brokerStorage', brokers * brokerGb),
    guessed(
      'records between zones, not compressed',
      'zoneTransfer',
      gb * (1 + readsPerRecord) * acrossZones,
    ),
    guessed('logs of brokers taken', 'logsTaken', logGb),
    guessed('logs of brokers kept for a month', 'logsKept', logGb),
  ]
}

function taskLines({ workers, partitions }: CostLoad): readonly Line[] {
  const { taskVcpu, taskGb, imageGb } = ASSUMED
  const minutes = HOURS * 60
  const logGb = (workers * minutes * ASSUMED.logBytesPerTaskMinute) / GB
  const metrics = ASSUMED.metricsPerDeployment + ASSUMED.metricsPerPartition * partitions
  return [
    fixed(`${workers} tasks, vCPU`, 'fargateVcpu', workers * taskVcpu * HOURS),
    fixed(`${workers} tasks, memory`, 'fargateMemory', workers * taskGb * HOURS),
    fixed('public addresses of tasks', 'publicAddress', workers * HOURS),
    fixed('image', 'image', imageGb),
    guessed('logs taken', 'logsTaken', logGb),
    guessed('logs kept for a month', 'logsKept', logGb),
    guessed('metrics', 'metric', metrics),
  ]
}

/** One of what a capacity unit has: https://aws.amazon.com/elasticloadbalancing/pricing/ */
const LCU_CONNECTIONS_PER_S = 25
const LCU_GB_PER_HOUR = 1

function frontLines(load: CostLoad): readonly Line[] {
  // Each request on a connection of its own: less where clients keep theirs.
  const requestsPerS = load.eventsPerDay / load.eventsPerRequest / 86_400
  const gbPerHour = (load.eventsPerDay * load.eventBytes) / 24 / GB
  const units = Math.max(requestsPerS / LCU_CONNECTIONS_PER_S, gbPerHour / LCU_GB_PER_HOUR)
  return [
    fixed('load balancer', 'albHour', HOURS),
    guessed('capacity of the load balancer', 'albCapacity', units * HOURS),
    fixed('its public addresses', 'publicAddress', ASSUMED.zones * HOURS),
  ]
}
