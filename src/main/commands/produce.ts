/** `weir produce FILE`: events of a file to Kafka, or to the Weir that runs; others count them. */
import type { ImportProgress, ImportTarget } from '../../flow/import.ts'
import { createIngest } from '../../flow/ingest.ts'
import { Fault } from '../../std/fault.ts'
import { dataDirOf } from '../running/data-dir.ts'
import { assertImportable, importFile, talkDone } from '../running/import-file.ts'
import { toLocalTarget, toPeerTarget } from '../running/import-target.ts'
import { openTopics } from '../running/open-log.ts'
import { findPeer } from '../running/peer.ts'
import { createVoice } from '../running/voice.ts'
import type { Command, CommandContext } from '../terminal/command.ts'

const EXIT_STRICT = 1
const EXIT_INTERRUPTED = 130

export const produceCommand: Command = {
  name: 'produce',
  about: 'sends the events of a file to kafka, and does not wait until they are counted',
  positionals: ['FILE'],
  flags: {
    mapping: { value: 'FILE', about: 'how the columns of a CSV file become events' },
    strict: { value: null, about: 'exit 1 where a line was invalid' },
  },
  settings: ['kafka', 'partitions', 'partitioner', 'topicPrefix', 'kafkaCompression'],
  examples: [
    'weir produce events.ndjson --kafka 127.0.0.1:9092',
    'weir produce 2019-Oct.csv --kafka 127.0.0.1:9092 --kafka-compression lz4',
  ],
  run: async context => {
    const path = context.positionals[0] ?? ''
    await assertImportable(context, path)
    const done = await produce(context, path)
    talkDone(context, path, done)
    if (context.signal.aborted) return EXIT_INTERRUPTED
    return context.isSet('strict') && done.invalidCount > 0 ? EXIT_STRICT : 0
  },
}

async function produce(context: CommandContext, path: string): Promise<ImportProgress> {
  const { config, clock, signal } = context
  const send = (target: ImportTarget): Promise<ImportProgress> =>
    importFile(context, { path, target, signal })
  if (config.kafka !== null) {
    await using log = await openTopics(context, {
      onOutage: createVoice(context.terminal, 'kafka answers again').of('sending waits'),
    })
    const collector = createIngest({ log, catalog: config.catalog, clock })
    return await send(toLocalTarget(collector, path))
  }
  const peer = await findPeer(dataDirOf(config.settings.data), signal)
  if (peer !== null) return await send(toPeerTarget(context, peer, path))
  throw new Fault(
    'CONFIG_INVALID',
    'there is nobody to send to: name brokers with --kafka host:port, or start weir; ' +
      'weir import counts a file without either',
  )
}
