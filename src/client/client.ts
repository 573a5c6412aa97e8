/**
 * A client for Node: `import { openWeirClient } from 'weir/client'`. Events are put together to
 * requests, sent until the server has said that they are durable, and answered one by one. What is
 * sent again is the same, letter by letter, so it counts once.
 */
import { randomInt, randomUUID } from 'node:crypto'
import type { EventOf, EventSchema } from '../model/event.ts'
import type {
  addToCart,
  addToWishlist,
  pageView,
  productView,
  purchase,
  search,
} from '../model/shop-events.ts'
import { createSystemClock } from '../std/clock.ts'
import { Fault } from '../std/fault.ts'
import { createPrng } from '../std/prng.ts'
import { MINUTE_MS, SECOND_MS } from '../std/units.ts'
import { createOutbox } from './outbox.ts'
import type { EventAnswer, PostOptions } from './post.ts'
import { post } from './post.ts'

export { Fault } from '../std/fault.ts'
export type { EventAnswer } from './post.ts'

/** An event of the six types that come built in. */
export type ShopEvent =
  | Sent<typeof pageView>
  | Sent<typeof productView>
  | Sent<typeof addToCart>
  | Sent<typeof purchase>
  | Sent<typeof search>
  | Sent<typeof addToWishlist>

/** An event as it is sent: without an id it gets one, and without a time it is of now. */
type Sent<Schema extends EventSchema> = Omit<EventOf<Schema>, 'event_id' | 'timestamp'> & {
  readonly event_id?: string
  readonly timestamp?: string
}

export interface ClientOptions {
  /** Where Weir is, as `http://127.0.0.1:8787`. */
  readonly url: string
  /** Of scope write; without it none is shown. */
  readonly key?: string
  /** Events that are under way at most; `send` waits for room. 10,000. */
  readonly pendingMax?: number
  /** How long an event is tried before `send` gives it up; also at the end. Five minutes. */
  readonly giveUpMs?: number
}

export interface WeirClient<Event extends object = ShopEvent> extends AsyncDisposable {
  /**
   * Sends an event; resolves once it is durable. Throws the Fault REQUEST_REFUSED where the server
   * does not take it (a wrong key), SERVER_UNREACHABLE where it was given up: then it may be stored
   * or not, and may be sent again under the same event_id.
   */
  send(event: Event): Promise<EventAnswer>
  /** Resolves when nothing is under way any more. */
  flush(): Promise<void>
  /** Waits for what is under way, and takes no more. */
  [Symbol.asyncDispose](): Promise<void>
}

const PENDING_MAX = 10_000
const GIVE_UP_MS = 5 * MINUTE_MS
const ANSWER_MS_MAX = 30 * SECOND_MS

export function openWeirClient<Event extends object = ShopEvent>(
  options: ClientOptions,
): WeirClient<Event> {
  const { url, key = null, pendingMax = PENDING_MAX, giveUpMs = GIVE_UP_MS } = options
  if (!URL.canParse(url)) {
    throw new Fault('CONFIG_INVALID', `url is '${url}', not http://host:port or https://host`)
  }
  const postOptions: PostOptions = {
    url: new URL('/v1/events', url).href,
    key,
    giveUpMs,
    answerMsMax: ANSWER_MS_MAX,
    clock: createSystemClock(),
    prng: createPrng(randomInt(2 ** 32)),
  }
  const outbox = createOutbox<EventAnswer>(pendingMax, texts => post(texts, postOptions))
  let isClosed = false
  return {
    send: async event => {
      if (isClosed) throw new Fault('REQUEST_REFUSED', 'the client is closed; open another')
      return await outbox.add(toText(event))
    },
    flush: () => outbox.empty(),
    [Symbol.asyncDispose]: async () => {
      isClosed = true
      await outbox.empty()
    },
  }
}

/** Its id and time are made once, so that all tries are of the same event. */
function toText(event: object): string {
  const timestamp = new Date().toISOString()
  return JSON.stringify({ event_id: randomUUID(), timestamp, ...event })
}
