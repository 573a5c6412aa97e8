/** What waits to be sent: bounded, and taken in batches by a few requests at a time. */

export interface Pending<Answer> {
  readonly text: string
  readonly resolve: (answer: Answer) => void
  readonly reject: (error: unknown) => void
}

export interface Outbox<Answer> {
  /** Waits for room, and then for the answer. */
  add(text: string): Promise<Answer>
  /** Resolves when nothing waits or is under way. */
  empty(): Promise<void>
}

/** Answers of each text, in order. */
export type Post<Answer> = (texts: readonly string[]) => Promise<readonly Answer[]>

const BATCH_COUNT_MAX = 500
/** A server takes 5 MiB; a character has up to three bytes. */
const BATCH_LENGTH_MAX = 1_000_000
const CONCURRENT_COUNT_MAX = 4
/** What comes within this goes together. */
const LINGER_MS = 5

export function createOutbox<Answer>(pendingMax: number, post: Post<Answer>): Outbox<Answer> {
  const queue: Pending<Answer>[] = []
  /** Of whoever waits for room, in order, and of whoever waits for the end. */
  const roomWaiters: (() => void)[] = []
  const endWaiters: (() => void)[] = []
  let pendingCount = 0
  let requestCount = 0
  let isLingering = false

  const settle = (count: number): void => {
    pendingCount -= count
    for (let free = count; free > 0 && roomWaiters.length > 0; free -= 1) {
      pendingCount += 1
      roomWaiters.shift()?.()
    }
    if (pendingCount === 0) for (const resolve of endWaiters.splice(0)) resolve()
  }
  const send = async (batch: readonly Pending<Answer>[]): Promise<void> => {
    try {
      const answers = await post(batch.map(({ text }) => text))
      for (const [index, { resolve, reject }] of batch.entries()) {
        const answer = answers[index]
        if (answer === undefined) reject(new Error('the answer lacks an event'))
        else resolve(answer)
      }
    } catch (error) {
      for (const { reject } of batch) reject(error)
    }
  }
  const pump = (): void => {
    isLingering = false
    while (queue.length > 0 && requestCount < CONCURRENT_COUNT_MAX) {
      const batch = queue.splice(0, batchCountOf(queue))
      requestCount += 1
      void send(batch).then(() => {
        requestCount -= 1
        settle(batch.length)
        pump()
      })
    }
  }
  const takeRoom = async (): Promise<void> => {
    if (pendingCount < pendingMax) pendingCount += 1
    else await new Promise<void>(resolve => roomWaiters.push(resolve))
  }
  return {
    add: async text => {
      await takeRoom()
      return await new Promise((resolve, reject) => {
        queue.push({ text, resolve, reject })
        if (queue.length >= BATCH_COUNT_MAX) pump()
        else if (!isLingering) {
          isLingering = true
          setTimeout(pump, LINGER_MS)
        }
      })
    },
    empty: async () => {
      if (pendingCount > 0) await new Promise<void>(resolve => endWaiters.push(resolve))
    },
  }
}

/** How many of the first go into one request; one at least. */
function batchCountOf(queue: readonly Pick<Pending<never>, 'text'>[]): number {
  let length = 0
  for (const [index, { text }] of queue.slice(0, BATCH_COUNT_MAX).entries()) {
    length += text.length
    if (index > 0 && length > BATCH_LENGTH_MAX) return index
  }
  return Math.min(queue.length, BATCH_COUNT_MAX)
}
