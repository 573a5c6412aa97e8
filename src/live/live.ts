/**
 * Answers as they change, as server-sent events (WHATWG HTML, section 9.2). The hub sends every
 * published event to every client that wants it, and holds no more for a slow one than a bound:
 * then it is dropped, and its browser comes back by itself.
 *
 * Events carry whole new values, never differences, so that getting one twice does no harm. A new
 * client first gets a snapshot. One that comes back with the id of its last event gets what it
 * missed, if that is still remembered; else `reset`, which tells it to forget what it has, and a
 * snapshot.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Problem } from '../model/problem.ts'
import { answerProblem, toProblem } from '../model/problem.ts'
import type { Clock } from '../std/clock.ts'
import { MIB, SECOND_MS } from '../std/units.ts'
import type { LiveClient } from './client.ts'
import { openClient } from './client.ts'
import type { LiveEvent } from './event.ts'
import type { Frame } from './frame.ts'
import { HEARTBEAT, PREAMBLE, toFrame, toResetFrame } from './frame.ts'
import type { Wish } from './wish.ts'
import { parseWish } from './wish.ts'

export type { LiveEvent } from './event.ts'

export interface LiveOptions {
  readonly clock: Clock
  readonly clientCountMax: number
  /** What may wait in memory for one client. */
  readonly bufferBytesMax: number
  /** What a client that connects gets first. */
  readonly onConnect: () => Promise<readonly LiveEvent[]>
  /** Is told when `onConnect` fails; that client is sent away and comes back. */
  readonly report: (error: unknown) => void
}

export interface LiveHub extends AsyncDisposable {
  /** Sends an event to all who want it. Never waits. Does nothing after the end. */
  publish(event: LiveEvent): void
  /**
   * Answers `GET /v1/live?metrics=a,b`: without `metrics`, all results are wanted; ledger and
   * rejects always are. 400 for other parameters, 503 with clientCountMax clients connected.
   */
  readonly handle: (request: IncomingMessage, response: ServerResponse) => void
  counters(): LiveCounters
}

export interface LiveCounters {
  readonly clients: number
  /** Clients sent away since the start because they read too slowly. */
  readonly dropped: number
}

const HEARTBEAT_MS: number = 15 * SECOND_MS
/** What is remembered for clients that come back: minutes of changes of a busy shop. */
const RING_EVENT_COUNT_MAX = 1_000
const RING_BYTES_MAX = 8 * MIB

export function createLive(options: LiveOptions): LiveHub {
  const { clock, clientCountMax, bufferBytesMax, onConnect, report } = options
  const clients = new Set<LiveClient>()
  const ring = createRing()
  const end = new AbortController()
  let dropped = 0

  /** Why nobody is let in now; null: nothing is in the way. */
  const findObstacle = (): Problem | null => {
    if (end.signal.aborted) return toProblem('draining', 'weir is shutting down; come back soon')
    if (clients.size < clientCountMax) return null
    const detail = `${clientCountMax} live clients are connected; close a page, or try later`
    return toProblem('busy', detail)
  }

  const greet = async (client: LiveClient, lastEventId: string | null): Promise<void> => {
    const missed = lastEventId === null ? null : ring.after(lastEventId)
    if (missed !== null) {
      client.welcome(missed)
      return
    }
    const snapshot = (await onConnect()).map(toFrame)
    client.welcome(lastEventId === null ? snapshot : [toResetFrame(), ...snapshot])
  }

  const admit = (response: ServerResponse, wish: Wish): void => {
    const client = openClient(response, {
      bufferBytesMax,
      metrics: wish.metrics,
      onClose: why => {
        clients.delete(client)
        if (why === 'slow') dropped += 1
      },
    })
    clients.add(client)
    client.begin(PREAMBLE)
    greet(client, wish.lastEventId).catch((error: unknown) => {
      report(error)
      client.close()
    })
  }

  const beat = async (): Promise<void> => {
    while (!end.signal.aborted) {
      await clock.sleep(HEARTBEAT_MS, end.signal)
      for (const client of clients) client.send(HEARTBEAT)
    }
  }
  const beating = beat()

  return {
    handle: (request, response) => {
      const wish = parseWish(request)
      const problem = wish.kind === 'refused' ? wish.problem : findObstacle()
      if (wish.kind === 'wish' && problem === null) admit(response, wish)
      else if (problem !== null) sendAway(response, problem)
    },
    publish: event => {
      if (end.signal.aborted) return
      const frame = toFrame(event)
      ring.add(frame)
      for (const client of clients) client.send(frame)
    },
    counters: () => ({ clients: clients.size, dropped }),
    [Symbol.asyncDispose]: async () => {
      end.abort()
      for (const client of clients) client.close()
      await beating
    },
  }
}

function sendAway(response: ServerResponse, problem: Problem): void {
  const { status, headers, body } = answerProblem(problem)
  response.writeHead(status, headers).end(body)
}

interface Ring {
  add(frame: Frame): void
  /**
   * What came after a client's last event; null: it is not known any more. The rest of the events
   * of the same id are given again, since the client may have left between them.
   */
  after(id: string): readonly Frame[] | null
}

function createRing(): Ring {
  const frames: Frame[] = []
  let size = 0
  let forgotten: string | null = null
  return {
    add: frame => {
      frames.push(frame)
      size += frame.bytes.length
      while (frames.length > RING_EVENT_COUNT_MAX || size > RING_BYTES_MAX) {
        const oldest = frames.shift()
        size -= oldest?.bytes.length ?? 0
        forgotten = oldest?.id ?? null
      }
    },
    after: id => {
      if (id === forgotten) return null
      const index = frames.findIndex(frame => frame.id === id)
      return index === -1 ? null : frames.slice(index)
    },
  }
}
