/** Running until the end: tasks that live as long as the process, and what it says of errors. */
import { join } from 'node:path'
import process from 'node:process'
import type { Door } from '../../api/node/http.ts'
import type { SegmentPlan } from '../../collector/segment-plan.ts'
import { toReportText } from '../../flow/serve/serve.ts'
import type { LoadedConfig } from '../config/load.ts'
import type { CommandContext } from '../terminal/command.ts'
import type { End } from './end.ts'
import { VERSION } from './version.ts'

/** Where the SDK's build lies: beside `src` in a checkout, beside `dist` in the package. */
const SDK_DIRECTORY = join(import.meta.dirname, '..', '..', '..', 'sdk', 'dist')

/** Waits for the end, and then for what runs until it. */
export async function runUntil(end: End, tasks: readonly Promise<unknown>[]): Promise<void> {
  const watched = tasks.map(task => task.catch((error: unknown) => end.fail(error)))
  await new Promise<void>(resolve => {
    if (end.signal.aborted) resolve()
    end.signal.addEventListener('abort', () => resolve())
  })
  await Promise.all(watched)
}

/** What every port of this process is opened with. */
export function toServerOptions(
  { config, clock, terminal }: CommandContext,
  portDefault: number,
  door: Door,
): {
  readonly clock: CommandContext['clock']
  readonly version: string
  readonly host: string
  readonly port: number
  readonly segment: SegmentPlan
  readonly sdkDirectory: string
  readonly door: Door
  readonly residentBytes: () => number
  readonly report: (error: unknown) => void
} {
  return {
    clock,
    version: VERSION,
    host: config.settings.host,
    port: isPortSet(config) ? config.settings.port : portDefault,
    segment: config.segment,
    sdkDirectory: SDK_DIRECTORY,
    door,
    residentBytes: () => process.memoryUsage.rss(),
    report: error => terminal.talk(`weir: ${toReportText(error)}`),
  }
}

/** Processes that run apart on one machine have ports of their own, unless they are told one. */
function isPortSet({ sources }: LoadedConfig): boolean {
  return sources.some(({ name, source }) => name === 'port' && source !== 'default')
}
