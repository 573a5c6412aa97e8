/**
 * From the queue to the server: in batches, one tab at a time, again and again until the server has
 * said that all is durable. What is sent again is the same, letter by letter, so it counts once.
 */
import type { Kept } from './storage.ts'

export interface Sender {
  /** `text` is the JSON of a call. */
  add(text: string): void
  /** Resolves when all is sent, or has to wait. */
  flush(): Promise<void>
}

export interface SenderOptions {
  /** Where batches are sent. */
  readonly url: string
  readonly key: string
  readonly storage: Kept
}

const PREFIX = 'weir:e:'
/** Older ones are dropped: some 300 KB, of the five megabytes that a page may keep. */
const QUEUE_COUNT_MAX = 1_000
const BATCH_COUNT_MAX = 50
/** Browsers let 64 KiB outlive a page; a character has up to three bytes. */
const BATCH_LENGTH_MAX = 20_000
const FLUSH_COUNT = 20
const FLUSH_MS = 2_000
const BACKOFF_MS_MIN = 1_000
const BACKOFF_MS_MAX = 60_000
const ANSWER_MS_MAX = 30_000
/** Sent again they would be refused again. */
const HOPELESS = [400, 413, 415]

export function openSender({ url, key, storage }: SenderOptions): Sender {
  /** Queued by this page, and not under way. */
  const own = new Set<string>()
  let count = 0
  let failures = 0
  let waitUntilMs = 0
  let timer: ReturnType<typeof setTimeout> | undefined
  let sending: Promise<void> | null = null

  const takeBatch = (keys: readonly string[]): Batch => {
    const texts: string[] = []
    let length = 0
    const taken: string[] = []
    for (const one of keys.slice(0, BATCH_COUNT_MAX)) {
      const text = storage.get(one)
      // Another tab has sent it.
      if (text === null) continue
      length += text.length
      if (texts.length > 0 && length > BATCH_LENGTH_MAX) break
      texts.push(text)
      taken.push(one)
    }
    const body = `{"batch":[${texts.join()}],"writeKey":${JSON.stringify(key)}}`
    return { keys: taken, body }
  }
  const schedule = (waitMs: number): void => {
    clearTimeout(timer)
    timer = setTimeout(flush, Math.max(waitMs, waitUntilMs - Date.now()))
  }
  const sendAll = async (): Promise<void> => {
    for (;;) {
      const { keys, body } = takeBatch(storage.keys(PREFIX))
      if (keys.length === 0) return
      for (const one of keys) own.delete(one)
      const waitMs = await post(url, body, failures)
      if (waitMs > 0) {
        failures += 1
        waitUntilMs = Date.now() + waitMs
        return schedule(0)
      }
      failures = 0
      for (const one of keys) storage.remove(one)
    }
  }
  const flush = (): Promise<void> => {
    if (Date.now() < waitUntilMs) return Promise.resolve()
    clearTimeout(timer)
    timer = undefined
    sending ??= alone(sendAll, () => schedule(FLUSH_MS)).finally(() => {
      sending = null
      if (timer === undefined && storage.keys(PREFIX).length > 0) schedule(FLUSH_MS)
    })
    return sending
  }

  addEventListener('online', () => {
    waitUntilMs = 0
    void flush()
  })
  addEventListener('pagehide', () => {
    // No answer will come: what is sent stays queued, and the next page sends it once more.
    const { keys, body } = takeBatch([...own])
    if (keys.length > 0) navigator.sendBeacon(url, body)
  })
  document.addEventListener('visibilitychange', () => {
    if (document.visibilityState === 'hidden') void flush()
  })
  if (storage.keys(PREFIX).length > 0) schedule(FLUSH_MS)
  return {
    add: text => {
      count += 1
      const order = `${Date.now().toString(36)}${String(count).padStart(6, '0')}`
      const one = `${PREFIX}${order}${Math.random().toString(36).slice(2)}`
      storage.set(one, text)
      own.add(one)
      const keys = storage.keys(PREFIX)
      for (const old of keys.slice(0, Math.max(0, keys.length - QUEUE_COUNT_MAX))) {
        storage.remove(old)
        own.delete(old)
      }
      if (keys.length >= FLUSH_COUNT) void flush()
      else if (timer === undefined) schedule(FLUSH_MS)
    },
    flush,
  }
}

interface Batch {
  readonly keys: readonly string[]
  readonly body: string
}

/** Milliseconds to wait before it is sent again; 0: it need not be. */
async function post(url: string, body: string, failures: number): Promise<number> {
  const ceiling = Math.min(BACKOFF_MS_MAX, BACKOFF_MS_MIN * 2 ** failures)
  const waitMs = ceiling / 2 + (Math.random() * ceiling) / 2
  try {
    const answer = await fetch(url, {
      method: 'POST',
      // A text needs no question before it goes to another origin.
      body,
      keepalive: body.length <= BATCH_LENGTH_MAX * 1.1,
      credentials: 'omit',
      signal: AbortSignal.timeout(ANSWER_MS_MAX),
    })
    // What outlives a page counts against a bound of the browser's until it is read.
    await answer.text()
    if (answer.ok || HOPELESS.includes(answer.status)) return 0
    const afterS = Number(answer.headers.get('retry-after'))
    return Math.max(waitMs, afterS > 0 ? afterS * 1_000 : 0)
  } catch {
    return waitMs
  }
}

/** Runs where no other tab does; `elsewhere` is called where one does. */
async function alone(run: () => Promise<void>, elsewhere: () => void): Promise<void> {
  // Only pages over HTTPS have locks; without, two tabs may send the same, and it counts once.
  if (navigator.locks === undefined) return await run()
  await navigator.locks.request('weir', { ifAvailable: true }, async lock => {
    if (lock === null) elsewhere()
    else await run()
  })
}
