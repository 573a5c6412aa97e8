/** What a client of the live stream asks for, read off its request. */
import type { IncomingMessage } from 'node:http'
import type { Problem } from '../model/problem.ts'
import { problemOfFault } from '../model/problem.ts'
import { Fault } from '../std/fault.ts'

export interface Wish {
  readonly kind: 'wish'
  /** null: results of all metrics. */
  readonly metrics: ReadonlySet<string> | null
  /** null: the client is new. */
  readonly lastEventId: string | null
}

export interface RefusedWish {
  readonly kind: 'refused'
  readonly problem: Problem
}

const LAST_EVENT_ID_LENGTH_MAX = 100

export function parseWish(request: IncomingMessage): Wish | RefusedWish {
  const url = request.url ?? ''
  const mark = url.indexOf('?')
  const parameters = new URLSearchParams(mark === -1 ? '' : url.slice(mark + 1))
  for (const name of parameters.keys()) {
    if (name !== 'metrics') {
      return refuse(`parameter '${name}' is not known; use 'metrics'`)
    }
  }
  const lists = parameters.getAll('metrics')
  const names = lists.flatMap(list => list.split(',')).filter(name => name !== '')
  if (lists.length > 0 && names.length === 0) {
    return refuse("'metrics' names no metric; write names with commas between")
  }
  const header = request.headers['last-event-id']
  const lastEventId = typeof header === 'string' && header !== '' ? header : null
  return {
    kind: 'wish',
    metrics: lists.length === 0 ? null : new Set(names),
    lastEventId: lastEventId?.slice(0, LAST_EVENT_ID_LENGTH_MAX) ?? null,
  }
}

function refuse(detail: string): RefusedWish {
  return { kind: 'refused', problem: problemOfFault(new Fault('QUERY_INVALID', detail)) }
}
