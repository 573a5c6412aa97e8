/**
 * Rebuilds over HTTP: for the command line beside a running Weir. A rebuild takes minutes, so it is
 * begun by one request and looked at by others.
 */
import type { Context } from 'hono'
import { z } from 'zod'
import { toProblem } from '../model/problem.ts'
import { parseBound } from '../model/time.ts'
import { KIB } from '../std/units.ts'
import { readDocument } from './body.ts'
import type { RebuildAsk, RebuildState } from './contract/rebuild.ts'
import { rebuildAskSchema } from './contract/rebuild.ts'
import { notHere, toResponse } from './respond.ts'

export interface RebuildRequest extends Pick<RebuildAsk, 'metrics' | 'mode'> {
  /** Both null: everything. ms since the epoch. */
  readonly fromMs: number | null
  readonly toMs: number | null
}

export interface RebuildSource {
  /** Begins one; null: one runs already. Throws QUERY_INVALID for an unknown metric. */
  begin(request: RebuildRequest): RebuildState | null
  /** The one that was begun last, if it has this name; null: there is none. */
  look(rebuild: string): RebuildState | null
}

type Answer = (context: Context) => Response | Promise<Response>

export const REBUILDS_PATH = '/v1/rebuilds'
const BODY_BYTES_MAX: number = 64 * KIB
const ELSEWHERE = 'metrics are rebuilt where they are counted: ask weir start'

/** `source` null: this process cannot rebuild. */
export function createRebuildAnswers(source: RebuildSource | null): {
  readonly begin: Answer
  readonly look: Answer
} {
  if (source === null) return { begin: () => notHere(ELSEWHERE), look: () => notHere(ELSEWHERE) }
  return {
    begin: async context => {
      const bounds = { what: 'a rebuild', bytesMax: BODY_BYTES_MAX }
      const body = await readDocument(context, bounds)
      if ('problem' in body) return toResponse(body.problem)
      const request = parseRequest(body.text)
      if (typeof request === 'string') return toResponse(toProblem('body_invalid', request))
      const begun = source.begin(request)
      if (begun !== null) return context.json(begun, 202)
      return toResponse(
        toProblem('rebuild_running', 'a rebuild runs already; wait until it is done'),
      )
    },
    look: context => {
      const name = context.req.param('rebuild') ?? ''
      const state = source.look(name)
      if (state !== null) return context.json(state)
      return toResponse(toProblem('not_found', `no rebuild '${name}' was begun by this process`))
    },
  }
}

/** What is wrong with it, where something is. */
function parseRequest(body: string): RebuildRequest | string {
  let json: unknown
  try {
    json = JSON.parse(body)
  } catch {
    return 'the body is no JSON'
  }
  const parsed = rebuildAskSchema.safeParse(json)
  if (!parsed.success) return z.prettifyError(parsed.error)
  const { from, to, metrics, mode } = parsed.data
  const fromMs = from === null ? null : parseBound(from)
  const toMs = to === null ? null : parseBound(to)
  return { fromMs, toMs, metrics, mode }
}
