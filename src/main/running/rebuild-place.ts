/**
 * Rebuilds where processes run apart: the state is the results place. This process takes all shards
 * over, by the next epoch of each, and what was published is swapped shard by shard. A worker that
 * lives takes its shards back, and then nothing is swapped: workers are stopped for a rebuild.
 */
import { hostname } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import type { RebuildRequest } from '../../api/rebuilds.ts'
import { toHeld } from '../../flow/held.ts'
import type { Held } from '../../flow/holds.ts'
import type { RebuildReport } from '../../flow/rebuild/rebuild.ts'
import { shardsOf } from '../../model/catalog.ts'
import type { ObjectStore } from '../../model/object-store.ts'
import { Fault, isFault } from '../../std/fault.ts'
import { takeShard } from '../../store/results/epochs.ts'
import { openResultsReader } from '../../store/results/results-reader.ts'
import type { ResultsStore } from '../../store/results/results-store.ts'
import { openResultsStore } from '../../store/results/results-store.ts'
import type { CommandContext } from '../terminal/command.ts'
import { openArchive } from './archive.ts'
import { dataDirOf } from './data-dir.ts'
import { openTopics } from './open-log.ts'
import { layoutOf, openPlace, openSecret, readTopicIds } from './place.ts'
import { nameRebuild, runRebuildOf } from './rebuilds.ts'
import { createVoice } from './voice.ts'

const PREFIX = 'rebuilds/'

export async function rebuildPlace(
  context: CommandContext,
  request: RebuildRequest,
): Promise<RebuildReport> {
  const { config, clock, terminal, signal } = context
  const { catalog, plans, settings } = config
  await using objects = await openPlace(context)
  const { secret, keyId } = await openSecret(objects)
  await using log = await openTopics(context, {
    onOutage: createVoice(terminal, 'kafka answers again').of('the rebuild waits'),
    topicIds: await readTopicIds(objects),
  })
  await using archive = await openArchive(context, `rebuild-${process.pid}`)
  const layout = layoutOf(context, keyId)
  await using reader = await openResultsReader({ objects, plans, layout })
  const hold = async <T>(work: (held: Held) => Promise<T>): Promise<T> => {
    await using store = await takeAll(context, objects, keyId)
    const held = await toHeld(
      {
        log,
        shards: shardsOf(catalog),
        catalog,
        idsMemoryMax: settings.seenIdsMemoryMax,
        clock,
        ...(archive === null ? {} : { archive: archive.settings, onPull: archive.onPull }),
      },
      store,
    )
    return await work(held).catch((cause: unknown) => {
      if (!isFault(cause, 'EPOCH_FENCED')) throw cause
      const mend = 'stop all weir digest, rebuild, and start them again'
      throw new Fault('EPOCH_FENCED', `${cause.message}; nothing was swapped; ${mend}`, { cause })
    })
  }
  return await runRebuildOf(context, request, {
    rebuild: nameRebuild(context),
    secret,
    records: {
      put: (key, bytes, options) => objects.put(`${PREFIX}${key}`, bytes, options),
    },
    audit: () => reader.audit(),
    hold,
    onProgress: text => terminal.progress(text),
    onSwap: () => undefined,
    signal,
  })
}

/** Takes all shards over, and opens what they are. */
async function takeAll(
  context: CommandContext,
  objects: ObjectStore,
  keyId: string,
): Promise<ResultsStore> {
  const { config, clock, crash } = context
  const who = `${hostname()}/${process.pid}, to rebuild`
  const taking = shardsOf(config.catalog).map(shard =>
    takeShard(objects, shard, { who, atMs: clock.now() }),
  )
  return await openResultsStore({
    objects,
    layout: layoutOf(context, keyId),
    plans: config.plans,
    owned: await Promise.all(taking),
    cacheDirectory: join(dataDirOf(config.settings.data).path, 'cache', `rebuild-${process.pid}`),
    clock,
    crash,
  })
}
