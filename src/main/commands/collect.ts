/** `weir collect`: the front door alone; events go to Kafka, and are counted by others. */
import type { MetricsSample } from '../../api/emf.ts'
import { createIngest } from '../../flow/ingest.ts'
import { openService } from '../../flow/serve/service.ts'
import { openDoor } from '../running/access.ts'
import { createEnd } from '../running/end.ts'
import { runMetrics } from '../running/metrics.ts'
import { openTopics } from '../running/open-log.ts'
import { assertApart } from '../running/place.ts'
import { runUntil, toServerOptions } from '../running/until.ts'
import { VERSION } from '../running/version.ts'
import { createVoice } from '../running/voice.ts'
import type { Command } from '../terminal/command.ts'

const PORT_DEFAULT = 8787

export const collectCommand: Command = {
  name: 'collect',
  about: 'takes events over HTTP and puts them on Kafka, for digest workers to count',
  positionals: [],
  flags: {},
  settings: ['kafka', 'port', 'host', 'keys', 'partitions', 'topicPrefix'],
  examples: [
    'weir collect --kafka 127.0.0.1:9092',
    'WEIR_KAFKA=b1:9092,b2:9092 weir collect --host 0.0.0.0 --keys /etc/weir/keys.json',
  ],
  run: async context => {
    assertApart(context, 'collect')
    const { config, clock, terminal, signal } = context
    await using open = await openDoor(context)
    await using log = await openTopics(context, {
      onOutage: createVoice(terminal, 'kafka answers again').of('events are answered with 503'),
    })
    const end = createEnd(signal)
    const collector = createIngest({ log, catalog: config.catalog, clock })
    await using service = await openService({
      collector,
      worker: () => null,
      freshnessS: () => null,
      signal: end.signal,
      ...toServerOptions(context, PORT_DEFAULT, open.door),
    })
    service.setPhase('ready')
    terminal.talk(`weir ${VERSION}: collecting for kafka at ${config.settings.kafka}`)
    terminal.talk(`  collect  POST ${service.url}/v1/events`)
    const sample = (): MetricsSample => {
      return { atMs: clock.now(), audit: null, counters: service.counters() }
    }
    const metrics = runMetrics(context, { service: 'collect', sample, signal: end.signal })
    await runUntil(end, [metrics])
    service.setPhase('draining')
    await service[Symbol.asyncDispose]()
    terminal.talk('weir: stopped')
    return 0
  },
}
