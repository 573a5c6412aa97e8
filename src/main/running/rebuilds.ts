/** Rebuilds of a data directory: what they are given, in this process or in the one that runs. */
import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { RebuildAsk, RebuildState } from '../../api/contract/rebuild.ts'
import type { RebuildRequest } from '../../api/rebuilds.ts'
import { REBUILDS_PATH } from '../../api/rebuilds.ts'
import type { RebuildOptions, RebuildReport } from '../../flow/rebuild/rebuild.ts'
import { runRebuild } from '../../flow/rebuild/rebuild.ts'
import type { Rebuilds } from '../../flow/rebuild/rebuilds.ts'
import { createRebuilds } from '../../flow/rebuild/rebuilds.ts'
import { toReportText } from '../../flow/serve/serve.ts'
import { toMillisecondText } from '../../model/time.ts'
import { openLocalObjects } from '../../objects/local/local-objects.ts'
import { toUtf8 } from '../../std/bytes.ts'
import { Fault } from '../../std/fault.ts'
import type { CommandContext } from '../terminal/command.ts'
import { archivePlaceOf } from './archive.ts'
import type { DataDir } from './data-dir.ts'
import { dataDirOf, readSecret } from './data-dir.ts'
import type { Embedded } from './embedded.ts'
import { isBucket, openObjects } from './open-objects.ts'
import type { Peer } from './peer.ts'
import { toPeerFault } from './peer.ts'
import { VERSION } from './version.ts'

/** What the process gives that holds the store. */
export type RebuildParts = Pick<
  RebuildOptions,
  'rebuild' | 'secret' | 'records' | 'audit' | 'hold' | 'onProgress' | 'onSwap' | 'signal'
>

const NAME_BYTES = 3
const POLL_MS = 100

/** Runs one over the lake of the settings. Throws CONFIG_INVALID where nothing is archived. */
export async function runRebuildOf(
  context: CommandContext,
  { fromMs, toMs, metrics, mode }: RebuildRequest,
  parts: RebuildParts,
): Promise<RebuildReport> {
  const { config, clock } = context
  const place = archivePlaceOf(context)
  if (place === null) {
    throw new Fault('CONFIG_INVALID', "archive is 'off', so there is no lake to recount")
  }
  await using lake = await openObjects(context, place)
  const temporary = await mkdtemp(join(tmpdir(), 'weir-rebuild-'))
  try {
    return await runRebuild({
      ...parts,
      catalog: config.catalog,
      plans:
        metrics === null ? config.plans : config.plans.filter(one => metrics.includes(one.name)),
      range: { fromMs, toMs },
      mode,
      lake,
      lakeDirectory: isBucket(place) ? null : place,
      temporary,
      version: VERSION,
      clock,
    })
  } finally {
    await rm(temporary, { recursive: true, force: true })
  }
}

/** Throws QUERY_INVALID for a metric that this process does not count. */
export function checkMetrics({ config }: CommandContext, metrics: readonly string[] | null): void {
  const known = config.plans.map(plan => plan.name)
  for (const name of metrics ?? []) {
    if (known.includes(name)) continue
    throw new Fault(
      'QUERY_INVALID',
      `metric '${name}' is not counted here; there are: ${known.join(', ')}; of a new one weir ` +
        'start learns when it is started again',
    )
  }
}

export function recordsOf(directory: DataDir): RebuildOptions['records'] {
  return openLocalObjects({ directory: join(directory.path, 'rebuilds') })
}

/** When it begins, and something that no other has. */
export function nameRebuild({ clock }: Pick<CommandContext, 'clock'>): string {
  const stamp = new Date(clock.now()).toISOString().replaceAll(/[-:.]/g, '')
  return `${stamp}-${randomBytes(NAME_BYTES).toString('hex')}`
}

/** Rebuilds of the store of this process, for others to ask for. */
export function createRebuildsOf(
  context: CommandContext,
  embedded: Embedded,
  { onSwap, signal }: Pick<RebuildOptions, 'onSwap' | 'signal'>,
): Rebuilds {
  const directory = dataDirOf(context.config.settings.data)
  return createRebuilds({
    name: () => nameRebuild(context),
    check: ({ metrics }) => checkMetrics(context, metrics),
    run: ({ rebuild, request, onProgress }) =>
      runRebuildOf(context, request, {
        rebuild,
        secret: readSecret(directory),
        records: recordsOf(directory),
        audit: () => embedded.store().audit(),
        hold: embedded.hold,
        onProgress,
        onSwap,
        signal,
      }),
    report: error => context.terminal.talk(`weir: ${toReportText(error)}`),
  })
}

/** Asks the Weir that runs, and waits until it is done. */
export async function askRebuild(
  context: CommandContext,
  peer: Peer,
  request: RebuildRequest,
): Promise<RebuildReport> {
  const { clock, signal, terminal } = context
  const headers = { 'Content-Type': 'application/json' }
  const toTime = (timeMs: number | null): string | null =>
    timeMs === null ? null : toMillisecondText(timeMs)
  const { fromMs, toMs, metrics, mode } = request
  const body: RebuildAsk = { from: toTime(fromMs), to: toTime(toMs), metrics, mode }
  const bytes = toUtf8(JSON.stringify(body))
  let state = (await peer.post(REBUILDS_PATH, { body: bytes, headers }, signal)) as RebuildState
  while (state.state === 'running') {
    terminal.progress(state.progress)
    await clock.sleep(POLL_MS, signal)
    state = (await peer.get(`${REBUILDS_PATH}/${state.rebuild}`, signal)) as RebuildState
  }
  terminal.progress(null)
  if (state.state === 'failed') throw toPeerFault(peer.url, state.problem.status, state.problem)
  return state.report as RebuildReport
}
