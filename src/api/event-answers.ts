/** What is asked of single events: their trace, a reject, and the repair of rejects. */
import type { Context } from 'hono'
import { toProblem } from '../model/problem.ts'
import type { KeptReject } from '../model/result.ts'
import { isFault } from '../std/fault.ts'
import { MIB } from '../std/units.ts'
import { toRejectAnswer } from './answers.ts'
import { readDocument } from './body.ts'
import type { RepairAnswer, TraceAnswer } from './contract.ts'
import { parseDryRun, parsePlace, parseTrace } from './question.ts'
import { notHere, toResponse } from './respond.ts'

export interface EventSources {
  /** null: there is no log here. */
  readonly trace: ((question: TraceAsk, signal: AbortSignal) => Promise<TraceAnswer>) | null
  /** The reject at a place; null: there is none. */
  reject(place: RejectAsk): Promise<KeptReject | null>
  /** Throws CONFIG_INVALID for a wrong document. null: nothing is sent from here. */
  readonly repair:
    | ((document: string, isDryRun: boolean, signal: AbortSignal) => Promise<RepairAnswer>)
    | null
}

export interface TraceAsk {
  readonly eventId: string
  readonly fromMs: number | null
  readonly toMs: number | null
  readonly userId: string | null
}

export interface RejectAsk {
  readonly topic: string
  readonly partition: number
  readonly offset: number
}

type Answer = (context: Context) => Promise<Response>

/** Each may look through half a gigabyte of the log. */
const TRACES_MAX = 2
/** A repair document is some kilobytes. */
const DOCUMENT_BYTES_MAX: number = MIB
const ELSEWHERE = 'ask a process that reads the log: weir start, or weir serve'

export function createTraceAnswer({ trace }: Pick<EventSources, 'trace'>): Answer {
  let traceCount = 0
  return async context => {
    const eventId = context.req.param('event_id') ?? ''
    const question = parseTrace(eventId, new URL(context.req.url).searchParams)
    if (trace === null) return notHere(`events are traced through the log; ${ELSEWHERE}`)
    if (traceCount >= TRACES_MAX) {
      return toResponse(toProblem('busy', 'other events are being traced; try again'))
    }
    traceCount += 1
    try {
      const answer = await trace(question, context.req.raw.signal)
      if (answer.copies.length > 0) return context.json(answer)
      return toResponse(toProblem('event_unknown', toUnknownText(answer)))
    } finally {
      traceCount -= 1
    }
  }
}

function toUnknownText({ event_id: id, from, to, searched }: TraceAnswer): string {
  const what = `no record with event_id '${id}'`
  if (!searched.is_cut) return `${what} arrived between ${from} and ${to}; ask of another range`
  return (
    `${what} was found between ${from} and ${to}, of which only a part was looked through; ` +
    "ask of a smaller range, or with 'user_id'"
  )
}

export function createRejectAnswer(sources: Pick<EventSources, 'reject'>): Answer {
  return async context => {
    const { topic = '', partition = '', offset = '' } = context.req.param()
    const place = parsePlace(topic, partition, offset)
    const reject = await sources.reject(place)
    if (reject !== null) return context.json(toRejectAnswer(reject))
    const name = `${topic}/${partition}/${offset}`
    const detail = `${name} is not in quarantine; GET /v1/quarantine lists what is`
    return toResponse(toProblem('reject_unknown', detail))
  }
}

export function createRepairAnswer({ repair }: Pick<EventSources, 'repair'>): Answer {
  let isBusy = false
  return async context => {
    const isDryRun = parseDryRun(new URL(context.req.url).searchParams)
    if (repair === null) return notHere(`events are sent again by another process; ${ELSEWHERE}`)
    if (isBusy) return toResponse(toProblem('busy', 'another repair runs; try again after it'))
    isBusy = true
    try {
      const body = await readDocument(context, { what: 'a repair', bytesMax: DOCUMENT_BYTES_MAX })
      if ('problem' in body) return toResponse(body.problem)
      return context.json(await repair(body.text, isDryRun, context.req.raw.signal))
    } catch (error) {
      if (!isFault(error, 'CONFIG_INVALID')) throw error
      return toResponse(toProblem('repair_invalid', error.message))
    } finally {
      isBusy = false
    }
  }
}
