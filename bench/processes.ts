/** The benches of the whole process, as a user runs it: memory, and how long a start takes. */
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { concatBytes, toUtf8 } from '../src/std/bytes.ts'
import { createVisitors } from '../src/synthetic/synthetic.ts'
import { cachePath, eventFile } from './events.ts'
import type { Usage } from './weir.ts'
import { runWeir, startWeir } from './weir.ts'

export interface Imported extends Usage {
  readonly events: number
  readonly bytes: number
  readonly seconds: number
}

const SEND_MS = 100
const NEWLINE = toUtf8('\n')

/** A data directory of its own, removed when the scope ends. */
export function makePlace(): Disposable & { readonly path: string } {
  const path = mkdtempSync(cachePath('data-'))
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true }) }
}

/** `weir import` of a file of so many events, until its last is digested. */
export async function importEvents(events: number, directory: string): Promise<Imported> {
  const file = await eventFile(events)
  const run = await runWeir(['import', file, '--data', directory])
  return { ...run, events, bytes: statSync(file).size }
}

export interface Fed {
  readonly readySeconds: number
  readonly sentCount: number
  /** Over the time of feeding. */
  readonly rssMaxMib: number
  readonly rssEndMib: number
  /** Share of one core. */
  readonly cpuShare: number
}

/** Starts Weir on a directory and sends it events for a while, at a set rate. */
export async function feed(
  directory: string,
  of: { readonly eventsPerSecond: number; readonly seconds: number },
): Promise<Fed> {
  await using weir = await startWeir(directory)
  const startMs = Date.now()
  const { eventsPerSecond } = of
  const visitors = createVisitors({ seed: 2, startMs, eventsPerSecond })
  const before = weir.usage()
  let sentCount = 0
  let rssMaxMib = 0
  while (Date.now() - startMs < of.seconds * 1000) {
    await sleep(SEND_MS)
    const items = visitors.next(Date.now())
    if (items.length > 0) await send(weir.url, concatBytes(items.flatMap(toLine)))
    sentCount += items.length
    rssMaxMib = Math.max(rssMaxMib, weir.usage().rssMib)
  }
  const after = weir.usage()
  const seconds = (Date.now() - startMs) / 1000
  return {
    readySeconds: weir.readySeconds,
    sentCount,
    rssMaxMib,
    rssEndMib: after.rssMib,
    cpuShare: (after.cpuSeconds - before.cpuSeconds) / seconds,
  }
}

export interface Started {
  readonly readySeconds: number
  /** From the start of the process until the first event sent to it was counted. */
  readonly countedSeconds: number
  readonly rssMib: number
}

/** Starts Weir on a directory, sends it one event, and waits until it is counted. */
export async function countOne(directory: string): Promise<Started> {
  const startMs = performance.now()
  await using weir = await startWeir(directory)
  const event = {
    event_id: 'e1',
    event_type: 'page_view',
    user_id: 'u1',
    timestamp: new Date().toISOString(),
  }
  await send(weir.url, toUtf8(JSON.stringify(event)))
  for (;;) {
    const answer = await fetch(`${weir.url}/v1/audit`)
    const { partitions } = (await answer.json()) as {
      readonly partitions: readonly { readonly accepted: number }[]
    }
    if (partitions.some(line => line.accepted > 0)) break
    await sleep(SEND_MS)
  }
  const countedSeconds = (performance.now() - startMs) / 1000
  return { readySeconds: weir.readySeconds, countedSeconds, rssMib: weir.usage().rssMib }
}

export function toLine(item: { readonly value: Uint8Array }): readonly Uint8Array[] {
  return [item.value, NEWLINE]
}

export async function send(url: string, body: Uint8Array): Promise<void> {
  const response = await fetch(`${url}/v1/events`, {
    method: 'POST',
    body: body as Uint8Array<ArrayBuffer>,
    headers: { 'Content-Type': 'application/x-ndjson' },
  })
  await response.arrayBuffer()
  if (!response.ok) throw new Error(`weir answered ${response.status}`)
}
