/** What a client is told while it is connected: the live stream and the tail of a real process. */
import { expect, test } from 'vitest'
import type { LiveEvent } from '../src/live/live.ts'
import type { ResultRow } from '../src/model/result.ts'
import { createPlace } from './support/place.ts'
import { readJsonFrom, runWeir, startWeir } from './support/process.ts'

const HOUR_MS = 3_600_000
const WAIT = { timeout: 15_000 }

interface Stream extends Disposable {
  /** All that has come, by its separator. */
  readonly parts: () => readonly string[]
  readonly status: number
}

async function openStream(url: string, separator: string): Promise<Stream> {
  const end = new AbortController()
  const answer = await fetch(url, { signal: end.signal })
  let text = ''
  const read = async (): Promise<void> => {
    const decoder = new TextDecoder()
    for await (const chunk of answer.body ?? []) text += decoder.decode(chunk, { stream: true })
  }
  read().catch(() => undefined) // called off, or the process has gone
  return {
    status: answer.status,
    parts: () => text.split(separator).slice(0, -1),
    [Symbol.dispose]: () => end.abort(),
  }
}

function eventsOf(stream: Stream): readonly LiveEvent[] {
  const blocks = stream.parts().filter(block => block.startsWith('id: '))
  return blocks.map(block => {
    const [id, name, data] = block.split('\n').map(line => line.slice(line.indexOf(': ') + 2))
    return { id, name, data: JSON.parse(data ?? '') } as LiveEvent
  })
}

/** The rows that a client has of a metric, by window, from what it was told. */
function boardOf(stream: Stream, metric: string): readonly ResultRow[] {
  const windows = new Map<string | null, readonly ResultRow[]>()
  for (const event of eventsOf(stream)) {
    if (event.name !== 'result' || event.data.metric !== metric) continue
    const { rows } = event.data
    for (const start of event.data.windows) {
      windows.set(
        start,
        rows.filter(row => row.window_start === start),
      )
    }
  }
  const starts = [...windows.keys()].toSorted((left, right) =>
    (left ?? '') < (right ?? '') ? -1 : 1,
  )
  return starts.flatMap(start => windows.get(start) ?? [])
}

let viewCount = 0

async function sendView(url: string, timeMs: number, product = 'p1'): Promise<void> {
  viewCount += 1
  const event = {
    event_id: `view ${viewCount}`,
    event_type: 'product_view',
    user_id: `u${viewCount}`,
    timestamp: new Date(timeMs).toISOString(),
    data: { product_id: product },
  }
  const body = JSON.stringify(event)
  const answer = await fetch(`${url}/v1/events`, { method: 'POST', body })
  expect(answer.status).toBe(200)
}

async function progressOf(url: string): Promise<string | null> {
  return ((await readJsonFrom(`${url}/v1/audit`)) as { progress: string | null }).progress
}

test('windows are told as they open, become final and are revised', async () => {
  await using place = await createPlace()
  await using weir = await startWeir(place.directory, { WEIR_PARTITIONS: '2' })
  const nowMs = Date.now()
  const hourMs = Math.floor((nowMs - 3 * HOUR_MS) / HOUR_MS) * HOUR_MS
  using stream = await openStream(`${weir.url}/v1/live?metrics=product_views`, '\n\n')
  const told = (): unknown =>
    boardOf(stream, 'product_views').map(({ window_start, status, revision, late, values }) => {
      const isOld = Date.parse(window_start ?? '') === hourMs
      return [isOld ? 'old' : 'new', values['views'], status, revision, late]
    })
  await sendView(weir.url, hourMs + 1)
  await expect.poll(told, WAIT).toEqual([['old', 1, 'open', 0, 0]])
  // Time passes the old window's end: nothing was counted in it.
  await sendView(weir.url, nowMs)
  const final = [
    ['old', 1, 'final', 0, 0],
    ['new', 1, 'open', 0, 0],
  ]
  await expect.poll(told, WAIT).toEqual(final)
  await sendView(weir.url, hourMs + 2)
  const revised = [
    ['old', 2, 'revised', 1, 1],
    ['new', 1, 'open', 0, 0],
  ]
  await expect.poll(told, WAIT).toEqual(revised)
  const { rows } = (await readJsonFrom(`${weir.url}/v1/metrics/product_views?last=9`)) as {
    rows: ResultRow[]
  }
  expect(rows.toReversed()).toEqual(boardOf(stream, 'product_views'))
  const newest = (await readJsonFrom(`${weir.url}/v1/metrics/product_views?last=1`)) as {
    rows: ResultRow[]
  }
  expect(newest.rows).toEqual(rows.slice(0, 1))
}, 60_000)

test('progress is known, and no less, before the first commit of the next process', async () => {
  await using place = await createPlace()
  const first = await startWeir(place.directory)
  await sendView(first.url, Date.now() - 5_000)
  await expect.poll(() => progressOf(first.url), WAIT).not.toBeNull()
  const before = await progressOf(first.url)
  await first.kill()
  await using second = await startWeir(place.directory)
  await expect.poll(() => progressOf(second.url), WAIT).toBe(before)
  using stream = await openStream(`${second.url}/v1/live`, '\n\n')
  const ledger = { balanced: true, accepted: 1, progress: before }
  await expect.poll(() => eventsOf(stream)[0]?.data, WAIT).toMatchObject(ledger)
}, 60_000)

test('the tail tells records as they come, to ten clients, till the process ends', async () => {
  await using place = await createPlace()
  await using weir = await startWeir(place.directory, { WEIR_PARTITIONS: '1' })
  const products = (stream: Stream): unknown =>
    stream
      .parts()
      .flatMap(line => JSON.parse(line) as { value: string }[])
      .map(({ value }) => (JSON.parse(value) as { data: { product_id: string } }).data.product_id)
  for (const product of ['a', 'b', 'c']) await sendView(weir.url, Date.now(), product)
  const tails = await Promise.all(
    Array.from({ length: 10 }, () => openStream(`${weir.url}/v1/tail?back=2`, '\n')),
  )
  const [tail] = tails
  if (tail === undefined) return
  await expect.poll(() => products(tail), WAIT).toEqual(['b', 'c'])
  await sendView(weir.url, Date.now(), 'd')
  await expect.poll(() => products(tail), WAIT).toEqual(['b', 'c', 'd'])
  const refused = await openStream(`${weir.url}/v1/tail`, '\n')
  expect(refused.status).toBe(503)
  // One that leaves is noticed, and makes room for the command.
  tail[Symbol.dispose]()
  const command = async (): Promise<string> =>
    (await runWeir(['tail', '--once', '--back', '1', '--data', place.directory])).stdout
  await expect.poll(command, WAIT).toContain('"product_id":"d"')
  const { how } = await weir.stop('SIGINT')
  expect(how).toBe('exit 0')
}, 60_000)
