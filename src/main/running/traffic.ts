/** Synthetic visitors, who send their events over HTTP as anybody's would. */

import { concatBytes, toUtf8 } from '../../std/bytes.ts'
import { MINUTE_MS, SECOND_MS } from '../../std/units.ts'
import { createVisitors } from '../../synthetic/synthetic.ts'
import type { CommandContext } from '../terminal/command.ts'

export interface TrafficOptions {
  readonly url: string
  /** That of this process, in case keys are asked for. */
  readonly key: string
  readonly signal: AbortSignal
}

const SEND_MS = 100
/** How long visitors walk about before the first event is sent, and how many events at most. */
const WARM_UP_MS = 20 * MINUTE_MS
const WARM_UP_EVENTS = 50_000
const NEWLINE = toUtf8('\n')

/** Sends until the signal aborts. What the collector cannot take now is sent again. */
export async function runTraffic(
  { config, clock }: CommandContext,
  options: TrafficOptions,
): Promise<void> {
  const { traffic, seed } = config.settings
  const { signal } = options
  if (traffic === 0) return
  const nowMs = clock.now()
  const warmUpMs = Math.min(WARM_UP_MS, (WARM_UP_EVENTS * SECOND_MS) / traffic)
  const visitors = createVisitors({ seed, startMs: nowMs - warmUpMs, eventsPerSecond: traffic })
  // The shop was open before anybody looked: some are about to buy.
  while (visitors.next(nowMs).length > 0);
  let unsent: readonly Uint8Array[] = []
  while (!signal.aborted) {
    await clock.sleep(SEND_MS, signal)
    if (unsent.length === 0) unsent = visitors.next(clock.now()).map(item => item.value)
    if (unsent.length > 0 && (await send(options, unsent))) unsent = []
  }
}

/** true: stored. */
async function send(
  { url, key, signal }: TrafficOptions,
  items: readonly Uint8Array[],
): Promise<boolean> {
  const body = concatBytes(items.flatMap(item => [item, NEWLINE]))
  try {
    const response = await fetch(`${url}/v1/events`, {
      method: 'POST',
      body: body as Uint8Array<ArrayBuffer>,
      headers: { 'Content-Type': 'application/x-ndjson', 'X-Api-Key': key },
      signal,
    })
    await response.arrayBuffer()
    return response.ok
  } catch {
    return false
  }
}
