/** How long the topics keep records, as the brokers tell it now and then. */
import type { KafkaOptions } from '../../model/kafka.ts'
import type { Clock } from '../../std/clock.ts'
import { MINUTE_MS } from '../../std/units.ts'
import { describeTopics } from './topics.ts'

export interface TopicRetention {
  /** In ms, Infinity for ever, null where it is not known. Asks again in the background. */
  of(topic: string): number | null
}

const REFRESH_MS = MINUTE_MS

export function createTopicRetention(
  kafka: KafkaOptions,
  topics: readonly string[],
  clock: Clock,
): TopicRetention {
  let known: ReadonlyMap<string, number | null> = new Map()
  let askedAtMs = Number.NEGATIVE_INFINITY
  const refresh = async (): Promise<void> => {
    const states = await describeTopics(kafka, topics)
    known = new Map(states.map(state => [state.topic, state.retentionMs]))
  }
  return {
    of: topic => {
      if (clock.monotonic() - askedAtMs > REFRESH_MS) {
        askedAtMs = clock.monotonic()
        // What is not told stays as it was; some clusters let clients not see it.
        refresh().catch(() => {})
      }
      return known.get(topic) ?? null
    },
  }
}
