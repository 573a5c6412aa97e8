/**
 * The HTTP server: one port for everything. Each request passes the guard and the door, then goes
 * where it belongs: events to the collector, the live stream to its hub, pages from memory,
 * questions to the API. Whoever is slow, or many, meets a named bound.
 */
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { getRequestListener } from '@hono/node-server'
import type { Admission, Doorman } from '../../model/access.ts'
import type { Problem, ProblemCode } from '../../model/problem.ts'
import { answerProblem, INTERNAL } from '../../model/problem.ts'
import { SEGMENT_PATHS } from '../../model/segment.ts'
import type { Clock } from '../../std/clock.ts'
import { Fault, messageOf, systemCodeOf } from '../../std/fault.ts'
import { KIB, SECOND_MS } from '../../std/units.ts'
import type { Connections, Patience } from './connections.ts'
import { PATIENCE, watchConnections } from './connections.ts'
import type { Cors } from './cors.ts'
import { createCors } from './cors.ts'
import type { Guard } from './guard.ts'
import { createGuard } from './guard.ts'
import { needOf } from './needs.ts'
import type { Pages } from './pages.ts'
import { readPages, sendPage } from './pages.ts'
import { refuse } from './refuse.ts'
import type { Streams } from './streams.ts'
import { createStreams } from './streams.ts'
import { findAmbiguity } from './strict.ts'

export type NodeHandler = (request: IncomingMessage, response: ServerResponse) => void
/** `told`: headers of its answer, whatever that is; they are not set yet. */
export type EventHandler = (
  request: IncomingMessage,
  response: ServerResponse,
  told: Admission['headers'],
) => void

/** Who is let in. */
export interface Door {
  readonly doorman: Doorman
  /** More names that the server may be called by, without ports. */
  readonly hostsAllowed: readonly string[]
  /** Origins whose pages may send events and read answers, as `https://shop.example`. */
  readonly originsAllowed: readonly string[]
}

export interface ServeOptions extends Door {
  /** Answers what the handlers below do not: a Hono app. */
  readonly app: { fetch(request: Request): Response | Promise<Response> }
  /** `POST /v1/events` and Segment's paths; null: the app answers them. */
  readonly collectorHandler: EventHandler | null
  /** `GET /v1/live`; null: the app answers it. */
  readonly liveHandler: NodeHandler | null
  /** The built page; null: none. */
  readonly staticDirectory: string | null
  /** What pages of other origins load, too: the SDK; none where it is not given. */
  readonly sharedDirectory?: string | null
  readonly host: string
  /** 0: any that is free. */
  readonly port: number
  readonly clock: Clock
  /** How long a client may take for its headers; HEADERS_MS_MAX where it is not given. */
  readonly headersMsMax?: number
  /** Bounds other than those of PATIENCE. */
  readonly patience?: Partial<Patience>
  /** Is told why a request was turned away at the door, before its body was looked at. */
  readonly onRefusal: (code: ProblemCode) => void
  /** Is told of every error that a handler throws: a bug, answered 500. */
  readonly report: (error: unknown) => void
}

export interface HttpServer extends AsyncDisposable {
  /** Where it can be called on this machine, without a slash at the end. */
  readonly url: string
  readonly port: number
  /**
   * Takes no more connections, waits for the requests under way, up to DRAIN_MS_MAX, and then cuts
   * off the rest. A second call waits for the same end.
   */
  close(): Promise<void>
}

const HEADERS_BYTES_MAX = 16 * KIB
const HEADERS_MS_MAX = 10 * SECOND_MS
const REQUEST_MS_MAX = 60 * SECOND_MS
const KEEP_ALIVE_MS = 10 * SECOND_MS
const CONNECTIONS_CHECK_MS = 1 * SECOND_MS
const DRAIN_CHECK_MS = 20
const DRAIN_MS_MAX: number = 3 * SECOND_MS

const EVENT_PATHS: ReadonlySet<string> = new Set(['/v1/events', ...SEGMENT_PATHS.keys()])

/** Throws ADDRESS_IN_USE, CONFIG_INVALID for a host that is not here, FILE_UNREADABLE. */
export async function serveHttp(options: ServeOptions): Promise<HttpServer> {
  const { clock, host, port, staticDirectory, sharedDirectory = null } = options
  const pages: Pages = new Map([
    ...(staticDirectory === null ? [] : await readPages(staticDirectory)),
    ...(sharedDirectory === null ? [] : await readPages(sharedDirectory, 'shared')),
  ])
  const end = new AbortController()
  const server = createServer({
    maxHeaderSize: HEADERS_BYTES_MAX,
    headersTimeout: options.headersMsMax ?? HEADERS_MS_MAX,
    requestTimeout: REQUEST_MS_MAX,
    keepAliveTimeout: KEEP_ALIVE_MS,
    connectionsCheckingInterval: CONNECTIONS_CHECK_MS,
  })
  const connections = watchConnections(server, {
    ...PATIENCE,
    ...options.patience,
    peerOf: address => options.doorman.peerOf(address),
    now: () => clock.monotonic(),
  })
  const streams = createStreams(options.doorman)
  const listener = createListener(options, { pages, connections, streams, end: end.signal })
  server.on('request', (request, response) => listener(request, response, 'sending'))
  server.on('checkContinue', (request, response) => listener(request, response, 'asking'))
  await listen(server, host, port)
  let closing: Promise<void> | null = null
  const close = (): Promise<void> => {
    end.abort()
    closing ??= drain(server, clock).finally(() => {
      connections[Symbol.dispose]()
      streams[Symbol.dispose]()
    })
    return closing
  }
  const bound = (server.address() as AddressInfo).port
  return { url: toUrl(host, bound), port: bound, close, [Symbol.asyncDispose]: close }
}

interface Parts {
  readonly pages: Pages
  readonly connections: Connections
  readonly streams: Streams
  readonly end: AbortSignal
}

/** `asking`: the client sends its body once it is told to, and it is where it may pass. */
type Listener = (
  request: IncomingMessage,
  response: ServerResponse,
  body: 'sending' | 'asking',
) => void

function createListener(options: ServeOptions, parts: Parts): Listener {
  const { report } = options
  const { connections, end } = parts
  const cors = createCors(options.originsAllowed)
  const admit = createAdmit(options, { ...parts, cors, guard: createGuard(options) })
  const route = createRoute(options, parts)
  return (request, response, body) => {
    connections.note(request, response)
    if (end.aborted) response.setHeader('Connection', 'close')
    try {
      const told = admit(request, response)
      if (told === null) return
      if (body === 'asking') response.writeContinue()
      route(request, response, told)
    } catch (error) {
      report(error)
      refuse(request, response, INTERNAL)
    }
  }
}

/** What the answer tells of a request that may go on; null: it may not, and is answered. */
type Admit = (request: IncomingMessage, response: ServerResponse) => Admission['headers'] | null

function createAdmit(
  { doorman, onRefusal }: ServeOptions,
  { pages, streams, cors, guard }: Parts & { readonly cors: Cors; readonly guard: Guard },
): Admit {
  const turnAway = (request: IncomingMessage, response: ServerResponse, problem: Problem): null => {
    onRefusal(problem.code)
    refuse(request, response, problem)
    return null
  }
  return (request, response) => {
    const { headers, socket, method = '', url = '' } = request
    cors.mark(request, response)
    const caller = { method, host: headers.host, origin: headers.origin }
    const problem = findAmbiguity(request) ?? guard(caller)
    if (problem !== null) return turnAway(request, response, problem)
    if (cors.answer(request, response)) return null
    const path = toPath(url)
    const visit = {
      need: needOf(method, path, isPage(pages, method, path)),
      headers,
      remoteAddress: socket.remoteAddress ?? '',
      localAddress: socket.localAddress ?? '',
    }
    const admission = doorman.admit(visit)
    if (admission.problem !== null) {
      setHeaders(response, admission.headers)
      return turnAway(request, response, admission.problem)
    }
    if (visit.need === 'read' || visit.need === 'admin') streams.watch(visit, response)
    return admission.headers
  }
}

function isPage(pages: Pages, method: string, path: string): boolean {
  return (method === 'GET' || method === 'HEAD') && pages.has(path)
}

function setHeaders(response: ServerResponse, headers: Admission['headers']): void {
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value)
}

function createRoute(options: ServeOptions, { pages }: Parts): EventHandler {
  const { app, collectorHandler, liveHandler, report } = options
  const apiHandler = getRequestListener(request => app.fetch(request), {
    overrideGlobalObjects: false,
    errorHandler: error => {
      report(error)
      const { status, headers, body } = answerProblem(INTERNAL)
      return new Response(body, { status, headers })
    },
  })
  return (request, response, told) => {
    const { method = '', url = '' } = request
    const path = toPath(url)
    const isEvents = method === 'POST' && EVENT_PATHS.has(path)
    // node:http writes headers quicker that are not set one by one.
    if (isEvents && collectorHandler !== null) return collectorHandler(request, response, told)
    setHeaders(response, told)
    const isLive = method === 'GET' && path === '/v1/live'
    if (isLive && liveHandler !== null) return liveHandler(request, response)
    const page = isPage(pages, method, path) ? pages.get(path) : undefined
    if (page !== undefined) return sendPage(page, request, response)
    apiHandler(request, response).catch(report)
  }
}

function toPath(url: string): string {
  const mark = url.indexOf('?')
  return mark === -1 ? url : url.slice(0, mark)
}

function listen(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', cause => reject(toFault(cause, host, port)))
    server.listen({ host, port }, resolve)
  })
}

function toFault(cause: Error, host: string, port: number): Fault {
  switch (systemCodeOf(cause)) {
    case 'EADDRINUSE': {
      const mend = 'stop it, or choose another with --port'
      const message = `port ${port} on ${host} is taken by another process; ${mend}`
      return new Fault('ADDRESS_IN_USE', message, { cause })
    }
    case 'EACCES': {
      const message = `port ${port} on ${host} is not allowed; choose one above 1023 with --port`
      return new Fault('CONFIG_INVALID', message, { cause })
    }
    default: {
      const message = `cannot listen on ${host} port ${port}: ${messageOf(cause)}`
      return new Fault('CONFIG_INVALID', message, { cause })
    }
  }
}

/** A server bound to all addresses is called by the one that is surely there. */
function toUrl(host: string, port: number): string {
  if (host === '0.0.0.0') return `http://127.0.0.1:${port}`
  if (host === '::') return `http://[::1]:${port}`
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}`
}

async function drain(server: Server, clock: Clock): Promise<void> {
  const early = new AbortController()
  const closed = new Promise<void>(resolve => {
    server.close(() => {
      early.abort()
      resolve()
    })
  })
  const deadline = clock.monotonic() + DRAIN_MS_MAX
  while (!early.signal.aborted && clock.monotonic() < deadline) {
    // A connection that was kept alive is idle once its request is answered.
    server.closeIdleConnections()
    await clock.sleep(DRAIN_CHECK_MS, early.signal)
  }
  server.closeAllConnections()
  await closed
}
