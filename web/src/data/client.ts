/**
 * The page's way to whom it asks: each question with the key, if there is one, and with the tag of
 * the answer before, so that what did not change is not sent again. A refusal is a `Refusal`, with
 * the problem that the server told; a server that does not answer is one of status 0.
 */
import { createEventReader, createLineReader, type ReadText } from './sse.ts'
import type { Problem } from './wire.ts'
import { parseProblem } from './wire.ts'

export class Refusal extends Error {
  readonly problem: Problem

  constructor(problem: Problem) {
    super(problem.detail)
    this.problem = problem
  }
}

/** Where the key is kept as long as the window is open. */
export interface KeyPlace {
  get(): string | null
  set(key: string | null): void
}

export interface ClientPorts {
  readonly fetch: (path: string, init: RequestInit) => Promise<Response>
  readonly key: KeyPlace
  /** Whether nothing is answered without a key, and 403 says that it is not good. */
  readonly needsKey: boolean
  /** Is told when the server asks for a key, or refuses the one it got. */
  readonly locked: () => void
}

export interface StreamListener {
  opened(): void
  /** `event` is '' for a line of NDJSON. */
  received(event: string, data: string): void
  /** It ended, or never began; nothing is told after this. */
  lost(problem: Problem | null): void
}

export interface Client {
  /** Answers JSON; the very same value as before where the server says that it did not change. */
  get(path: string, signal?: AbortSignal): Promise<unknown>
  text(path: string, signal?: AbortSignal): Promise<string>
  post(path: string, body: string, signal?: AbortSignal): Promise<unknown>
  /** Reads server-sent events, or NDJSON; the answer ends it. */
  listen(path: string, listener: StreamListener): () => void
  setKey(key: string | null): void
  hasKey(): boolean
}

export const ANSWER_MS_MAX = 15_000
/** Answers remembered with their tags; the overview asks for nine. */
const TAGGED_MAX = 24
export const NO_ANSWER_TEXT = 'the server does not answer'
const NO_KEY: Problem = {
  status: 401,
  code: 'unauthorized',
  title: 'no key',
  detail: 'a key is asked for here',
}
const NO_ANSWER: Problem = {
  status: 0,
  code: 'no_answer',
  title: 'no answer',
  detail: NO_ANSWER_TEXT,
}

export function createClient(ports: ClientPorts): Client {
  const tagged = new Map<string, { readonly tag: string; readonly json: unknown }>()

  /** Why the key, or its absence, was refused: nothing is asked with it again. */
  let refused: Problem | null = null

  const lock = (problem: Problem): void => {
    refused = problem
    ports.locked()
  }

  const ask = async (path: string, init: RequestInit): Promise<Response> => {
    const key = ports.key.get()
    if (refused === null && ports.needsKey && key === null) lock(NO_KEY)
    if (refused !== null) throw new Refusal(refused)
    const headers = new Headers(init.headers)
    if (key !== null) headers.set('X-Api-Key', key)
    const answer = await ports.fetch(path, { ...init, headers, cache: 'no-store' }).catch(() => {
      init.signal?.throwIfAborted()
      throw new Refusal(NO_ANSWER)
    })
    if (answer.ok || answer.status === 304) return answer
    const problem = parseProblem(await answer.json().catch(() => null), answer.status)
    const isKeyBad = answer.status === 401 || (ports.needsKey && answer.status === 403)
    if (isKeyBad && key === ports.key.get()) lock(problem)
    throw new Refusal(problem)
  }

  const get = async (path: string, signal?: AbortSignal): Promise<unknown> => {
    const known = tagged.get(path)
    const headers = known === undefined ? {} : { 'If-None-Match': known.tag }
    const answer = await ask(path, { headers, signal: toSignal(signal) })
    if (answer.status === 304 && known !== undefined) return known.json
    const json: unknown = await answer.json()
    remember(tagged, path, { tag: answer.headers.get('ETag'), json })
    return json
  }

  return {
    get,
    text: async (path, signal) => (await ask(path, { signal: toSignal(signal) })).text(),
    post: async (path, body, signal) => {
      const headers = { 'Content-Type': 'application/json' }
      const init = { method: 'POST', headers, body, signal: signal ?? null }
      return (await ask(path, init)).json()
    },
    listen: (path, listener) => listen(ask, path, listener),
    setKey: key => {
      tagged.clear()
      refused = null
      ports.key.set(key)
    },
    hasKey: () => ports.key.get() !== null,
  }
}

type Ask = (path: string, init: RequestInit) => Promise<Response>

function listen(ask: Ask, path: string, listener: StreamListener): () => void {
  const end = new AbortController()
  read(ask, path, { listener, signal: end.signal }).then(
    () => end.signal.aborted || listener.lost(null),
    (error: unknown) => end.signal.aborted || listener.lost(toProblem(error)),
  )
  return () => end.abort()
}

async function read(
  ask: Ask,
  path: string,
  { listener, signal }: { readonly listener: StreamListener; readonly signal: AbortSignal },
): Promise<void> {
  const answer = await ask(path, { signal })
  const tell = (event: string, data: string): void => {
    if (!signal.aborted) listener.received(event, data)
  }
  const isEvents = answer.headers.get('Content-Type')?.startsWith('text/event-stream') === true
  const readText: ReadText = isEvents
    ? createEventReader(tell)
    : createLineReader(line => tell('', line))
  if (signal.aborted) return
  listener.opened()
  const reader = answer.body?.pipeThrough(new TextDecoderStream()).getReader()
  for (;;) {
    const piece = await reader?.read()
    if (piece === undefined || piece.done) return
    readText(piece.value)
  }
}

/** A question that waits longer than ANSWER_MS_MAX is given up. */
function toSignal(signal: AbortSignal | undefined): AbortSignal {
  const overdue = AbortSignal.timeout(ANSWER_MS_MAX)
  return signal === undefined ? overdue : AbortSignal.any([signal, overdue])
}

/** What went wrong, whatever was thrown. */
export function toProblem(error: unknown): Problem {
  if (error instanceof Refusal) return error.problem
  const isLate = error instanceof DOMException && error.name === 'TimeoutError'
  if (isLate || !(error instanceof Error)) return NO_ANSWER
  return { status: 0, code: 'unreadable', title: 'not readable', detail: error.message }
}

function remember(
  tagged: Map<string, { readonly tag: string; readonly json: unknown }>,
  path: string,
  { tag, json }: { readonly tag: string | null; readonly json: unknown },
): void {
  tagged.delete(path)
  if (tag === null) return
  tagged.set(path, { tag, json })
  const [oldest] = tagged.keys()
  if (tagged.size > TAGGED_MAX && oldest !== undefined) tagged.delete(oldest)
}
