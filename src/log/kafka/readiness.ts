/**
 * Before the first record: the topics are made ready, for as long as it takes a broker to answer.
 * Topics that are known from before must be the same ones still.
 */
import type { KafkaOptions } from '../../model/kafka.ts'
import type { Clock } from '../../std/clock.ts'
import { Fault, isFault } from '../../std/fault.ts'
import type { Outage } from '../../std/outage.ts'
import { SECOND_MS } from '../../std/units.ts'
import { toLogFault } from './errors.ts'
import type { TopicIds, TopicPlan } from './topics.ts'
import { ensureTopics } from './topics.ts'

export interface Readiness {
  /** Throws LOG_UNAVAILABLE while topics are not ready, TOPIC_MISMATCH where they never will be. */
  assert(): void
  /**
   * Resolves when they are ready, or `signal` aborts, or the time is over; throws TOPIC_MISMATCH.
   */
  wait(waitMsMax: number, signal: AbortSignal): Promise<boolean>
}

export interface ReadinessOptions {
  readonly kafka: KafkaOptions
  readonly plan: TopicPlan
  readonly clock: Clock
  readonly outage: Outage
  /** What the topics were when they were read last. */
  readonly topicIds: TopicIds
  /** Told what they are now, before the first record is read. */
  readonly onTopicIds: (ids: TopicIds) => void
  readonly signal: AbortSignal
}

const RETRY_MS = SECOND_MS

export function createReadiness(options: ReadinessOptions): Readiness {
  let state: 'waiting' | 'ready' | Fault = 'waiting'
  const prepared = prepare(options).then(
    () => {
      state = 'ready'
    },
    (error: unknown) => {
      state = toLogFault(error, 'the topics in kafka cannot be made ready')
    },
  )
  const assert = (): void => {
    if (state instanceof Fault) throw state
    if (state === 'ready') return
    throw new Fault('LOG_UNAVAILABLE', 'no broker of kafka has answered yet')
  }
  return {
    assert,
    wait: async (waitMsMax, signal) => {
      if (state === 'waiting') {
        const over = new AbortController()
        const either = AbortSignal.any([over.signal, signal])
        await Promise.race([prepared, options.clock.sleep(waitMsMax, either)])
        over.abort()
      }
      if (state instanceof Fault) throw state
      return state === 'ready'
    },
  }
}

/** Until the topics are ready, or never can be. */
async function prepare(options: ReadinessOptions): Promise<void> {
  const { kafka, plan, clock, outage, signal } = options
  while (!signal.aborted) {
    try {
      const ids = await ensureTopics(kafka, plan, clock)
      assertSame(options.topicIds, ids)
      outage.end()
      options.onTopicIds(ids)
      return
    } catch (error) {
      if (!isFault(error) || error.retry === 'never') throw error
      outage.begin(error)
      await clock.sleep(RETRY_MS, signal)
    }
  }
}

function assertSame(before: TopicIds, now: TopicIds): void {
  for (const [name, id] of now) {
    if ((before.get(name) ?? id) !== id) throw toRemade(name)
  }
}

/** What is counted is from a topic that is no more. */
export function toRemade(topic: string): Fault {
  return new Fault(
    'TOPIC_MISMATCH',
    `topic ${topic} was deleted and made anew, or is another cluster's; what was counted is from ` +
      'the old one: begin with an empty data directory or results place, or another topicPrefix',
  )
}
