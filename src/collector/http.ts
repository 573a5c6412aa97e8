/**
 * The collector over HTTP: `POST /v1/events`, and the paths of Segment's libraries where they are
 * taken. On bare node:http, because this is the one route whose cost every event pays. A request is
 * refused (4xx) only where nothing of it was stored; all that is stored is answered 200, item by
 * item. After a 503 it may be sent again: what was stored nevertheless is the same event. A client
 * that leaves before its body has come is forgotten; one that leaves later is stored all the same.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { CheckKey } from '../model/access.ts'
import type { Problem } from '../model/problem.ts'
import { answerProblem, INTERNAL, problemOfFault, toProblem } from '../model/problem.ts'
import type { Clock } from '../std/clock.ts'
import { endAfterBody } from '../std/end-after-body.ts'
import { isFault } from '../std/fault.ts'
import { MIB } from '../std/units.ts'
import type { Budget } from './body.ts'
import { createBudget, readBody } from './body.ts'
import type { Collector, Item, ItemAnswer } from './collector.ts'
import type { Decode } from './decode.ts'
import { createDecode } from './decode.ts'
import type { Head } from './head.ts'
import { parseHead, tooLarge } from './head.ts'
import type { Reading } from './reading.ts'
import { refuseReading } from './reading.ts'
import type { Segment } from './segment.ts'
import { createSegment, isSegmentPath, SEGMENT_BODY_BYTES_MAX } from './segment.ts'
import type { SegmentPlan } from './segment-plan.ts'
import { splitBody } from './split.ts'

export interface CollectorHandlerOptions {
  readonly collector: Collector
  /** null: Segment's paths are not taken. */
  readonly segment: SegmentIntake | null
  /** Calls off what waits for the log, and refuses what comes later. */
  readonly signal: AbortSignal
  /** Is told of every error that is not a Fault: a bug, answered 500. */
  readonly report: (error: unknown) => void
}

export interface SegmentIntake {
  readonly plan: SegmentPlan
  /** For keys that stand in bodies. */
  readonly checkKey: CheckKey
  readonly clock: Clock
}

/** What whoever let a request in tells with its answer, whatever it is. */
type HeadersTold = Readonly<Record<string, string>>

export interface CollectorHandler {
  readonly handle: (request: IncomingMessage, response: ServerResponse, told: HeadersTold) => void
  counters(): CollectorCounters
}

/** Since the start. */
export interface CollectorCounters {
  /** Requests by status; 499: the client left before its body had come. */
  readonly requests: ReadonlyMap<number, number>
  readonly itemsStored: number
  readonly itemsInvalid: number
  /** Calls of Segment's libraries that are answered and not kept. */
  readonly callsIgnored: ReadonlyMap<string, number>
  readonly inFlightRequests: number
  readonly inFlightBytes: number
}

type Outcome =
  | {
      readonly kind: 'collected'
      readonly answers: readonly ItemAnswer[]
      readonly body: string
    }
  | { readonly kind: 'problem'; readonly problem: Problem }
  | { readonly kind: 'gone' }

const GONE: Outcome = { kind: 'gone' }
const DRAINING: Problem = toProblem('draining', 'weir is shutting down; send it again soon')
const CLIENT_GONE_STATUS = 499
/** What is read and thrown away of a refused body, so that its sender gets to read the answer. */
const LINGER_BYTES_MAX = 16 * MIB

export function createCollectorHandler(options: CollectorHandlerOptions): CollectorHandler {
  const { collector, signal, report } = options
  const { bodyBytesMax, inFlightBytesMax, inFlightRequestCountMax, itemCountMax } = collector.limits
  const segment =
    options.segment === null ? null : createSegment({ ...options.segment, itemCountMax })
  const intake: Intake = {
    collector,
    segment,
    signal,
    budget: createBudget(inFlightBytesMax),
    decode: createDecode(bodyBytesMax),
  }
  const requests = new Map<number, number>()
  const count = { itemsStored: 0, itemsInvalid: 0, inFlightRequests: 0 }

  const toProblemOf = (error: unknown): Problem => {
    if (isFault(error)) return problemOfFault(error)
    // Called off while it waited for the log: it may be stored, and is the same event again.
    if (signal.aborted) return DRAINING
    report(error)
    return INTERNAL
  }

  const handle = async (
    request: IncomingMessage,
    response: ServerResponse,
    told: HeadersTold,
  ): Promise<void> => {
    let outcome: Outcome
    count.inFlightRequests += 1
    try {
      if (signal.aborted) outcome = refuse(DRAINING)
      else if (count.inFlightRequests > inFlightRequestCountMax) outcome = refuseBusy('requests')
      else outcome = await receive(request, intake)
    } catch (error) {
      outcome = refuse(toProblemOf(error))
    } finally {
      count.inFlightRequests -= 1
    }
    const status = send(request, response, { outcome, told })
    requests.set(status, (requests.get(status) ?? 0) + 1)
    if (outcome.kind !== 'collected') return
    for (const answer of outcome.answers) {
      if (answer.status === 'stored') count.itemsStored += 1
      else count.itemsInvalid += 1
    }
  }

  return {
    handle: (request, response, told) => {
      handle(request, response, told).catch(report)
    },
    counters: () => ({
      requests,
      ...count,
      callsIgnored: segment?.ignored ?? new Map(),
      inFlightBytes: intake.budget.takenBytes,
    }),
  }
}

interface Intake {
  readonly collector: Collector
  readonly segment: Segment | null
  readonly signal: AbortSignal
  readonly budget: Budget
  readonly decode: Decode
}

async function receive(request: IncomingMessage, intake: Intake): Promise<Outcome> {
  const { budget, collector, decode, segment, signal } = intake
  const { bodyBytesMax, inFlightBytesMax, itemCountMax } = collector.limits
  const { headers } = request
  const path = toPath(request.url ?? '')
  const isCalls = segment !== null && isSegmentPath(path)
  const bytesMax = isCalls ? Math.min(SEGMENT_BODY_BYTES_MAX, bodyBytesMax) : bodyBytesMax
  const head = parseHead(headers, bytesMax)
  if (head.kind === 'refused') return refuse(head.problem)
  if (budget.takenBytes + (head.bodyBytes ?? 0) > inFlightBytesMax) return refuseBusy('bytes')
  const body = await readBody(request, bytesMax, budget)
  if (body.kind === 'unread') {
    if (body.why === 'aborted') return GONE
    return body.why === 'no_room' ? refuseBusy('bytes') : refuse(tooLarge(bytesMax))
  }
  let { bytes } = body
  let heldBytes = bytes.length
  try {
    if (head.encoding !== null) {
      const decoded = await decode(bytes, head.encoding)
      if (decoded.kind === 'too_large') return refuse(tooLarge(bodyBytesMax))
      if (decoded.kind === 'damaged') return refuse(toDamaged(head.encoding, decoded.why))
      if (!budget.take(decoded.bytes.length)) return refuseBusy('bytes')
      heldBytes += decoded.bytes.length
      bytes = decoded.bytes
    }
    if (bytes.length > bytesMax) return refuse(tooLarge(bytesMax))
    const reading = isCalls
      ? segment.read({ path, headers, bytes })
      : readEvents(bytes, head, itemCountMax)
    if (reading.kind === 'problem') return refuse(reading.problem)
    const { items, answer, done } = reading
    const answers = items.length === 0 ? [] : await collector.collect(items, signal)
    done?.()
    return { kind: 'collected', answers, body: answer(answers) }
  } finally {
    budget.give(heldBytes)
  }
}

function toDamaged(encoding: string, why: string): Problem {
  return toProblem('encoding_invalid', `the body is not whole ${encoding}: ${why}; send it again`)
}

function toPath(url: string): string {
  const mark = url.indexOf('?')
  return mark === -1 ? url : url.slice(0, mark)
}

function readEvents(bytes: Uint8Array, head: Head, itemCountMax: number): Reading {
  const split = splitBody(bytes, head.bodyKind, itemCountMax)
  if (split.kind === 'empty') {
    const detail = 'the body holds no event; send one event, a list of them, or one per line'
    return refuseReading(toProblem('body_empty', detail))
  }
  if (split.kind === 'too_many') {
    const detail = `the body holds more than ${itemCountMax} events; send them in several requests`
    return refuseReading(toProblem('items_too_many', detail))
  }
  const items = split.items.map((item): Item => ({ bytes: item, origin: head.origin }))
  return { kind: 'items', items, answer: toBody }
}

function refuse(problem: Problem): Outcome {
  return { kind: 'problem', problem }
}

function refuseBusy(what: string): Outcome {
  return refuse(toProblem('busy', `too many ${what} are in flight; send it again in a while`))
}

/** Answers, and gives back the status that is counted. */
function send(
  request: IncomingMessage,
  response: ServerResponse,
  { outcome, told }: { readonly outcome: Outcome; readonly told: HeadersTold },
): number {
  switch (outcome.kind) {
    case 'gone':
      return CLIENT_GONE_STATUS
    case 'problem': {
      const { status, headers, body } = answerProblem(outcome.problem)
      // Only a key that stood in a body is refused here.
      const challenge = status === 401 ? { 'WWW-Authenticate': 'Bearer realm="weir"' } : {}
      const all = { ...told, ...challenge, ...headers }
      if (request.complete) response.writeHead(status, all).end(body)
      else {
        response.writeHead(status, { ...all, Connection: 'close' }).write(body)
        endAfterBody(request, response, LINGER_BYTES_MAX)
      }
      return status
    }
    case 'collected': {
      const { body } = outcome
      response.writeHead(200, {
        ...told,
        'Content-Type': 'application/json',
        'Content-Length': Buffer.byteLength(body),
        'Cache-Control': 'no-store',
        'X-Content-Type-Options': 'nosniff',
      })
      response.end(body)
      return 200
    }
  }
}

function toBody(answers: readonly ItemAnswer[]): string {
  let body = '{"items":['
  for (const answer of answers) {
    if (answer.index > 0) body += ','
    const eventId = answer.event_id === null ? 'null' : JSON.stringify(answer.event_id)
    body += `{"index":${answer.index},"event_id":${eventId},"status":"${answer.status}"`
    if (answer.status === 'invalid') {
      body += `,"code":"${answer.code}","pointer":${JSON.stringify(answer.pointer)}`
    }
    body += '}'
  }
  return `${body}]}\n`
}
