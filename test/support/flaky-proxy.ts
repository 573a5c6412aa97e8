/** A proxy before an HTTP server that lets every request meet the fate that a test chooses. */
import { once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer, request as send } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Prng } from '../../src/std/prng.ts'

/** `before`: the server never sees the request; `after`: it has done what was asked. */
export type Fate =
  | 'pass'
  | '500 before'
  | '503 before'
  /** As S3 says that it is not allowed. */
  | '403 before'
  | 'reset before'
  | 'hang before'
  | '500 after'
  | 'reset after'
  | 'hang after'
  /** Half of the answer's body comes. */
  | 'reset within'
  /** The server gets half of the request's body. */
  | 'reset upload'

export interface Asked {
  readonly method: string
  /** With the query. */
  readonly path: string
  /** Of the header: `*` asks for a put where there is nothing. */
  readonly ifNoneMatch: string | null
  /** How many requests were before. */
  readonly count: number
}

export interface FlakyProxy extends AsyncDisposable {
  readonly endpoint: string
  /** All requests so far. */
  readonly asked: readonly Asked[]
}

const QUICK: readonly Fate[] = [
  '500 before',
  '503 before',
  'reset before',
  '500 after',
  'reset after',
  'reset within',
]
/** Few hang: each costs its caller a wait. */
const FAILURES: readonly Fate[] = [...QUICK, ...QUICK, ...QUICK, 'hang before', 'hang after']

/** A fate that is no pass for a share of all requests. */
export function createFates(prng: Prng, share: number): (asked: Asked) => Fate {
  return () =>
    prng.nextChance(share) ? (FAILURES[prng.nextBelow(FAILURES.length)] ?? 'pass') : 'pass'
}

export async function openFlakyProxy(
  target: string,
  fateOf: (asked: Asked) => Fate | Promise<Fate>,
): Promise<FlakyProxy> {
  const asked: Asked[] = []
  const server = createServer((request, response) => {
    const { method = '', url: path = '', headers } = request
    const ifNoneMatch = headers['if-none-match'] ?? null
    const one = { method, path, ifNoneMatch, count: asked.length }
    asked.push(one)
    const failed = (): void => {
      request.socket.destroy()
    }
    void serve(target, { request, response }, async () => fateOf(one)).catch(failed)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    [Symbol.asyncDispose]: async () => {
      const closed = once(server, 'close')
      server.close()
      server.closeAllConnections()
      await closed
    },
  }
}

interface Exchange {
  readonly request: IncomingMessage
  readonly response: ServerResponse
}

async function serve(
  target: string,
  { request, response }: Exchange,
  chooseFate: () => Promise<Fate>,
): Promise<void> {
  const body = await readAll(request)
  const [what, when] = (await chooseFate()).split(' ')
  if (when === 'before') return fail(what, { request, response })
  if (when === 'upload') return await cutUpload(target, request, body)
  const answer = await forward(target, request, body)
  if (when === 'after') return fail(what, { request, response })
  response.writeHead(answer.status, answer.headers as string[])
  if (when !== 'within') return void response.end(answer.body)
  response.write(answer.body.subarray(0, answer.body.length / 2))
  // What was written is to arrive before the end.
  response.socket?.end()
}

function fail(what: string | undefined, { request, response }: Exchange): void {
  if (what === 'reset') request.socket.resetAndDestroy()
  else if (what === '403') response.writeHead(403).end(DENIED)
  else if (what !== 'hang') response.writeHead(Number(what)).end('<html>no XML</html>')
}

const DENIED =
  '<Error><Code>AccessDenied</Code><Message>Access Denied</Message><RequestId>1</RequestId></Error>'

async function cutUpload(target: string, request: IncomingMessage, body: Buffer): Promise<void> {
  const { method = 'PUT', url = '/', rawHeaders } = request
  const forwarded = send(`${target}${url}`, { method, headers: rawHeaders })
  forwarded.on('error', () => {})
  await new Promise(resolve => forwarded.write(body.subarray(0, body.length / 2), resolve))
  forwarded.destroy()
  request.socket.resetAndDestroy()
}

interface Answer {
  readonly status: number
  /** Names and values by turns. */
  readonly headers: readonly string[]
  readonly body: Buffer
}

/** With the headers as they are, `host` too: they are signed. */
async function forward(target: string, request: IncomingMessage, body: Buffer): Promise<Answer> {
  const { method = 'GET', url = '/', rawHeaders } = request
  const forwarded = send(`${target}${url}`, { method, headers: rawHeaders })
  forwarded.end(body)
  const [answer] = (await once(forwarded, 'response')) as [IncomingMessage]
  const { statusCode = 0, rawHeaders: headers } = answer
  return { status: statusCode, headers, body: await readAll(answer) }
}

async function readAll(message: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of message) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks)
}
