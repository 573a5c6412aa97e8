/**
 * Rebuilds over HTTP: for the command line beside a running Weir. A rebuild takes minutes, so it is
 * begun by one request and looked at by others. Who asks must know the token of the data directory:
 * this is the one thing here that changes what is published.
 */
import { createHash, timingSafeEqual } from 'node:crypto'
import type { Context, Hono } from 'hono'
import { z } from 'zod'
import type { Problem } from '../model/problem.ts'
import { answerProblem, toProblem } from '../model/problem.ts'
import { parseBound } from '../model/time.ts'
import { KIB } from '../std/units.ts'

export interface RebuildRequest {
  /** Both null: everything. ms since the epoch. */
  readonly fromMs: number | null
  readonly toMs: number | null
  /** Names; null: all metrics. */
  readonly metrics: readonly string[] | null
  readonly mode: 'try' | 'swap'
}

/** On the wire. */
export type RebuildState =
  | { readonly rebuild: string; readonly state: 'running'; readonly progress: string }
  | { readonly rebuild: string; readonly state: 'done'; readonly report: unknown }
  | { readonly rebuild: string; readonly state: 'failed'; readonly problem: Problem }

export interface RebuildSource {
  /** What the header `Weir-Token` must say: `Authorization` is for keys. */
  readonly token: string
  /** Begins one; null: one runs already. Throws QUERY_INVALID for an unknown metric. */
  begin(request: RebuildRequest): RebuildState | null
  /** The one that was begun last, if it has this name; null: there is none. */
  look(rebuild: string): RebuildState | null
}

export const REBUILDS_PATH = '/v1/rebuilds'
export const TOKEN_HEADER = 'Weir-Token'
const BODY_BYTES_MAX: number = 64 * KIB

const time = z
  .string()
  .refine(text => parseBound(text) !== null, 'is no time')
  .nullable()
const requestSchema = z.strictObject({
  from: time,
  to: time,
  metrics: z.array(z.string()).nullable(),
  mode: z.enum(['try', 'swap']),
})

/** Adds the routes; `source` null: this process cannot rebuild. */
export function serveRebuilds(app: Hono, source: RebuildSource | null): void {
  if (source === null) return
  app.use(`${REBUILDS_PATH}/*`, async (context, next) => {
    if (!isTold(context, source.token)) return refuse(TOKEN_REFUSED)
    return await next()
  })
  app.post(REBUILDS_PATH, async context => {
    const request = parseRequest(await readBody(context))
    if (typeof request === 'string') return refuse(toProblem('body_invalid', request))
    const begun = source.begin(request)
    if (begun !== null) return context.json(begun, 202)
    return refuse(toProblem('busy', 'a rebuild runs already; wait until it is done'))
  })
  app.get(`${REBUILDS_PATH}/:rebuild`, context => {
    const name = context.req.param('rebuild')
    const state = source.look(name)
    return state === null
      ? refuse(toProblem('not_found', `no rebuild '${name}' was begun by this process`))
      : context.json(state)
  })
}

const TOKEN_REFUSED = toProblem(
  'token_refused',
  'rebuilds are begun by weir rebuild, on the machine whose data directory this is',
)

/** Compared by hashes, which have one length, in a time that tells nothing. */
function isTold(context: Context, token: string): boolean {
  const given = context.req.header(TOKEN_HEADER) ?? ''
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest()
  return timingSafeEqual(digest(given), digest(token))
}

async function readBody(context: Context): Promise<string | null> {
  const length = Number(context.req.header('Content-Length') ?? Number.NaN)
  if (!(length <= BODY_BYTES_MAX)) return null
  return await context.req.text()
}

/** What is wrong with it, where something is. */
function parseRequest(body: string | null): RebuildRequest | string {
  if (body === null) return `a request has a Content-Length, of ${BODY_BYTES_MAX} at most`
  let json: unknown
  try {
    json = JSON.parse(body)
  } catch {
    return 'the body is no JSON'
  }
  const parsed = requestSchema.safeParse(json)
  if (!parsed.success) return z.prettifyError(parsed.error)
  const { from, to, metrics, mode } = parsed.data
  const fromMs = from === null ? null : parseBound(from)
  const toMs = to === null ? null : parseBound(to)
  return { fromMs, toMs, metrics, mode }
}

function refuse(problem: Problem): Response {
  const { status, headers, body } = answerProblem(problem)
  return new Response(body, { status, headers })
}
