/**
 * A server of S3 as seen by what must be allowed: it hands requests on, as they are, and notes
 * which right each needs.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-with-s3-policy-actions.html
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer, request as send } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'
import type { S3Access } from '../../../scripts/s3/server.ts'

export interface RecordingS3 extends AsyncDisposable {
  readonly access: S3Access
  /** In the order of their answers, each once. */
  readonly needs: readonly Need[]
}

export interface Need {
  readonly action: string
  readonly bucket: string
  /** Of a bucket as a whole: null. */
  readonly key: string | null
  /** What a listing asks for; null: it is none. */
  readonly prefix: string | null
}

export async function recordS3(access: S3Access): Promise<RecordingS3> {
  const seen = new Map<string, Need>()
  const server = createServer((incoming, outgoing) => {
    void pass(access, incoming, outgoing).then(
      ({ body, status }) => {
        for (const need of toNeeds(incoming, body, status)) seen.set(JSON.stringify(need), need)
      },
      () => outgoing.destroy(),
    )
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    access: { ...access, endpoint: `http://127.0.0.1:${port}` },
    get needs() {
      return [...seen.values()]
    },
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      await new Promise(resolve => server.close(resolve))
    },
  }
}

interface Passed {
  readonly body: string
  readonly status: number
}

/** The Host header is signed, so it stays: the server does not mind. */
async function pass(
  { endpoint }: S3Access,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
): Promise<Passed> {
  const body = await buffer(incoming)
  const answer = await new Promise<IncomingMessage>((resolve, reject) => {
    const { method, headers } = incoming
    const onward = send(`${endpoint}${incoming.url}`, { method, headers }, resolve)
    onward.on('error', reject)
    onward.end(body)
  })
  const status = answer.statusCode ?? 0
  outgoing.writeHead(status, answer.rawHeaders)
  outgoing.end(await buffer(answer))
  return { body: body.toString(), status }
}

function toNeeds(incoming: IncomingMessage, body: string, status: number): readonly Need[] {
  const { pathname, searchParams } = new URL(incoming.url ?? '/', 'http://s3')
  const [, bucket = '', ...rest] = pathname.split('/').map(decodeURIComponent)
  const key = rest.join('/')
  const need = (action: string, on: string | null = key): Need => {
    return { action: `s3:${action}`, bucket, key: on, prefix: null }
  }
  const lists = (prefix: string): Need => ({ ...need('ListBucket', null), prefix })
  if (key === '') {
    if (incoming.method === 'POST') return toDeleted(body).map(one => need('DeleteObject', one))
    if (searchParams.has('uploads')) return [need('ListBucketMultipartUploads', null)]
    return [lists(searchParams.get('prefix') ?? '')]
  }
  switch (incoming.method) {
    case 'GET':
    case 'HEAD':
      // Who may not list a name is not told that there is nothing.
      return status === 404 ? [need('GetObject'), lists(key)] : [need('GetObject')]
    case 'DELETE':
      return [need(searchParams.has('uploadId') ? 'AbortMultipartUpload' : 'DeleteObject')]
    default:
      return [need('PutObject'), ...toCopied(incoming, need)]
  }
}

function toDeleted(body: string): readonly string[] {
  return [...body.matchAll(/<Key>([^<]*)<\/Key>/g)].map(([, key = '']) => key)
}

function toCopied(
  { headers }: IncomingMessage,
  need: (action: string, key: string) => Need,
): readonly Need[] {
  const source = headers['x-amz-copy-source']
  if (typeof source !== 'string') return []
  const [, ...key] = decodeURIComponent(source.replace(/^\//, '')).split('/')
  return [need('GetObject', key.join('/'))]
}
