/**
 * `weir digest`: a worker that counts its share of the shards. Its state is in the results place,
 * so any number of workers may come and go.
 */
import { hostname } from 'node:os'
import process from 'node:process'
import type { MetricsSample } from '../../api/emf.ts'
import { createPublishRejects } from '../../flow/publish-rejects.ts'
import { createOwnAudit } from '../../flow/serve/own-audit.ts'
import type { Service } from '../../flow/serve/service.ts'
import { openService } from '../../flow/serve/service.ts'
import { runWork } from '../../flow/work.ts'
import type { EventLog } from '../../log/log.ts'
import type { ShardGroup } from '../../log/shards.ts'
import { rejectsTopicOf, unparsedTopicOf } from '../../model/catalog.ts'
import type { Ledger } from '../../model/ledger.ts'
import type { ObjectStore } from '../../model/object-store.ts'
import { present } from '../../std/assert.ts'
import { messageOf } from '../../std/fault.ts'
import { createOutage } from '../../std/outage.ts'
import { SECOND_MS } from '../../std/units.ts'
import { takeShard } from '../../store/results/epochs.ts'
import { openResultsReader } from '../../store/results/results-reader.ts'
import { openResultsStore } from '../../store/results/results-store.ts'
import type { StepStore } from '../../store/store.ts'
import { openDoor } from '../running/access.ts'
import type { OpenArchive } from '../running/archive.ts'
import { openArchive } from '../running/archive.ts'
import { dataDirOf } from '../running/data-dir.ts'
import { createEnd } from '../running/end.ts'
import { runMetrics } from '../running/metrics.ts'
import { openRejects, openTopics } from '../running/open-log.ts'
import { openOwnFolder } from '../running/own-folder.ts'
import {
  assertApart,
  commitMsOf,
  layoutOf,
  openPlace,
  openSecret,
  placeOf,
  readTopicIds,
  writeTopicIds,
} from '../running/place.ts'
import { runUntil, toServerOptions } from '../running/until.ts'
import { VERSION } from '../running/version.ts'
import type { TellOutage } from '../running/voice.ts'
import { createVoice } from '../running/voice.ts'
import type { Command, CommandContext } from '../terminal/command.ts'

const WAITS = 'counting waits'

export const digestCommand: Command = {
  name: 'digest',
  about: 'counts a share of what is on Kafka, beside any number of other workers',
  positionals: [],
  flags: {},
  settings: ['kafka', 'results', 'archive', 'kafkaGroup', 'kafkaSession', 'data', 'port'],
  examples: [
    'weir digest --kafka 127.0.0.1:9092 --results ./results',
    'WEIR_KAFKA=b1:9092,b2:9092 weir digest --results /mnt/weir --kafka-session 30s',
    'weir digest --kafka b1:9092 --results s3://shop-results/weir --commit-interval 1m',
  ],
  run: runDigestWorker,
}

async function runDigestWorker(context: CommandContext): Promise<number> {
  assertApart(context, 'digest')
  const { signal, terminal, config } = context
  const { settings } = config
  await using open = await openDoor(context)
  await using objects = await openPlace(context)
  const { secret, keyId } = await openSecret(objects)
  const voice = createVoice(terminal, 'counting again')
  await using log = await openTopics(context, {
    onOutage: voice.of(WAITS),
    topicIds: await readTopicIds(objects),
    onTopicIds: ids => {
      writeTopicIds(objects, ids).catch((error: unknown) => terminal.talk(messageOf(error)))
    },
  })
  await using archive = await openArchive(context, openOwnFolder(dataDirOf(settings.data).scratch))
  await using rejects = present(await openRejects(context), 'a log on kafka')
  const end = createEnd(signal)
  const counters = { shards: 0, assignments: 0, commits: 0, fenced: 0 }
  let freshnessS: number | null = null
  let own: readonly number[] = []
  await using service = await openService({
    collector: null,
    worker: () => counters,
    freshnessS: () => freshnessS,
    signal: end.signal,
    ...toServerOptions(context, 0, open.door),
  })
  terminal.talk(`weir ${VERSION}: a worker of group '${settings.kafkaGroup}'`)
  terminal.talk(`  results  ${placeOf(context)}`)
  terminal.talk(`  health   ${service.url}/healthz and ${service.url}/metrics`)
  const work = runWork({
    ...toWorkOptions(context, { objects, keyId, log, rejects, archive }),
    secret,
    group: await createGroupOf(context, voice.of(WAITS)),
    outage: createOutage(voice.of(WAITS)),
    onAssigned: shards => {
      counters.shards = shards.length
      own = shards
      counters.assignments += 1
      service.setPhase('ready')
      terminal.talk(toShareText(shards))
    },
    onFenced: fault => {
      counters.fenced += 1
      terminal.talk(`weir: ${fault.message}`)
    },
    onCommit: (_, step) => {
      counters.commits += 1
      const arrivals = step.shards.flatMap(shard => shard.arrivalMs ?? [])
      if (arrivals.length > 0) {
        freshnessS = (context.clock.now() - Math.min(...arrivals)) / SECOND_MS
      }
    },
    signal: end.signal,
  })
  const told = { log, objects, service, shards: () => own, signal: end.signal }
  await runUntil(end, [work, runWorkerMetrics(context, told)])
  service.setPhase('draining')
  end.throwIfFailed()
  terminal.talk('weir: stopped; other workers go on with its shards')
  return 0
}

interface WorkerParts {
  readonly log: EventLog
  readonly objects: ObjectStore
  readonly service: Service
  readonly shards: () => readonly number[]
  readonly signal: AbortSignal
}

async function runWorkerMetrics(context: CommandContext, parts: WorkerParts): Promise<void> {
  const { clock } = context
  const { objects, service, signal } = parts
  const readOwn = (): Promise<Ledger> => readLedger(context, objects)
  const audit = createOwnAudit({ ...parts, clock, readLedger: readOwn })
  const sample = async (): Promise<MetricsSample> => {
    return { atMs: clock.now(), audit: await audit(), counters: service.counters() }
  }
  await runMetrics(context, { service: 'digest', sample, signal })
}

/** As of the newest manifests: a listing, and a get for each shard. */
async function readLedger(context: CommandContext, objects: ObjectStore): Promise<Ledger> {
  const layout = layoutOf(context, null)
  await using reader = await openResultsReader({ objects, plans: [], layout })
  return await reader.audit()
}

interface Parts {
  readonly objects: ObjectStore
  readonly keyId: string
  readonly log: EventLog
  readonly rejects: EventLog
  /** null: nothing is archived. */
  readonly archive: OpenArchive | null
}

function toWorkOptions(
  context: CommandContext,
  { objects, keyId, log, rejects, archive }: Parts,
): Pick<
  Parameters<typeof runWork>[0],
  | 'log'
  | 'openShards'
  | 'catalog'
  | 'plans'
  | 'idsMemoryMax'
  | 'commitMs'
  | 'clock'
  | 'publishRejects'
  | 'archive'
  | 'onPull'
> {
  const { config, clock, terminal } = context
  const { catalog, plans, settings } = config
  const layout = layoutOf(context, keyId)
  const who = `${hostname()}/${process.pid}`
  const cacheDirectory = openOwnFolder(dataDirOf(settings.data).cache)
  const openShards = async (shards: readonly number[]): Promise<StepStore> => {
    const taking = shards.map(shard => takeShard(objects, shard, { who, atMs: clock.now() }))
    return await openResultsStore({
      objects,
      layout,
      plans,
      owned: await Promise.all(taking),
      cacheDirectory,
      clock,
      crash: context.crash,
      onUpkeepFault: fault => terminal.talk(`weir: results are not tidied: ${messageOf(fault)}`),
    })
  }
  return {
    log,
    openShards,
    catalog,
    plans,
    idsMemoryMax: settings.seenIdsMemoryMax,
    commitMs: commitMsOf(context),
    clock,
    publishRejects: createPublishRejects(rejects, rejectsTopicOf(catalog), clock),
    ...(archive === null ? {} : { archive: archive.settings, onPull: archive.onPull }),
  }
}

async function createGroupOf(
  { config, clock }: CommandContext,
  onOutage: TellOutage,
): Promise<ShardGroup> {
  const { createKafkaGroup } = await import('../../log/kafka/group.ts')
  const { settings, catalog } = config
  return createKafkaGroup({
    kafka: present(config.kafka, 'a log on kafka'),
    group: settings.kafkaGroup,
    topic: unparsedTopicOf(catalog),
    shardCount: catalog.partitions,
    sessionMs: settings.kafkaSession,
    clock,
    onOutage,
  })
}

function toShareText(shards: readonly number[]): string {
  if (shards.length === 0) return 'weir: waiting, other workers have all shards'
  return `weir: counting shard${shards.length === 1 ? '' : 's'} ${shards.join(', ')}`
}
