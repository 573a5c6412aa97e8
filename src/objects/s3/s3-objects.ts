/**
 * Objects in a bucket of S3, or of anything that speaks as S3 does.
 *
 * Calls are tried again, by us and not by the SDK, since a put whose answer was lost may have taken
 * effect. A put without a condition is then put once more: its bytes are the same. A put with
 * `ifAbsent` carries a token in the object's metadata that no other put has; where a later try is
 * told that there is one already, the token tells whether that is our own. It is asked of the
 * object as it is now, so the answer `stored` is never wrong, and `exists` is only where the object
 * was replaced or deleted meanwhile. Equal bytes would not do: two workers may write the same.
 *
 * A put that was given up may still reach the bucket, within seconds. With `ifAbsent` it is refused
 * there. Without, it may replace what a later put of the same key stored, by something older, until
 * the next put: whoever puts a key again and again bears that, as a crash before the later put.
 *
 * This file loads the SDK: import it where a bucket is used, and not before.
 */
import type { Readable } from 'node:stream'
import type { GetObjectCommandOutput, ListObjectsV2CommandOutput } from '@aws-sdk/client-s3'
import {
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3'
import type {
  GetOptions,
  ObjectEntry,
  ObjectStore,
  PutOptions,
  StoredObject,
} from '../../model/object-store.ts'
import type { Clock } from '../../std/clock.ts'
import { Fault } from '../../std/fault.ts'
import type { Prng } from '../../std/prng.ts'
import { SECOND_MS } from '../../std/units.ts'
import { assertKey, assertPrefix, isKey } from '../keys.ts'
import type { Calls, Try } from './calls.ts'
import { createCalls } from './calls.ts'
import type { Refusal, S3Place } from './refusal.ts'
import { toRefusal } from './refusal.ts'

export interface S3ObjectsOptions {
  readonly bucket: string
  /** A folder in the bucket, without `/` at either end; absent: all of it. */
  readonly prefix?: string
  /** Absent: AWS_REGION or the profile's; with an `endpoint`, `us-east-1`. */
  readonly region?: string
  /** The URL of a server that is not AWS. */
  readonly endpoint?: string
  /** Whether the bucket stands in the path and not in the host name, as many servers need it. */
  readonly forcePathStyle?: boolean
  /** Absent: as the SDK finds them, in variables, profiles, roles of containers and machines. */
  readonly credentials?: S3Credentials
  /** How long one try waits for a small answer; more for many bytes. 5 s. */
  readonly requestMsMax?: number
  /** How long after its begin a call is tried again at the latest. 30 s. */
  readonly callMsMax?: number
  /** What no other handle has, in this process or another: 16 random bytes as text. */
  readonly writer: string
  readonly clock: Clock
  readonly prng: Prng
}

export interface S3Credentials {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken?: string
}

const REQUEST_MS_MAX = 5 * SECOND_MS
const CALL_MS_MAX = 30 * SECOND_MS
const CONNECT_MS_MAX = 3 * SECOND_MS
/** Also the number of calls at once; the others wait. */
const SOCKETS_MAX = 32
/** The name of a put's token in the metadata of its object. */
const TOKEN = 'weir-put'

export function openS3Objects(options: S3ObjectsOptions): ObjectStore & AsyncDisposable {
  const client = createClient(options)
  const place: S3Place = {
    bucket: options.bucket,
    region: options.region ?? null,
    endpoint: options.endpoint ?? null,
  }
  const closing = new AbortController()
  const calls = createCalls({
    ...options,
    requestMsMax: options.requestMsMax ?? REQUEST_MS_MAX,
    callMsMax: options.callMsMax ?? CALL_MS_MAX,
    callsMax: SOCKETS_MAX,
    closing: closing.signal,
    toRefusal: (error): Refusal => toRefusal(error, place),
  })
  const bucket = new Bucket(options, client, calls)
  return {
    put: async (key, bytes, putOptions = {}) => {
      assertKey(key)
      return await bucket.put(key, bytes, putOptions)
    },
    get: async (key, getOptions = {}) => {
      assertKey(key)
      return await bucket.get(key, getOptions)
    },
    list: (prefix, signal) => {
      assertPrefix(prefix)
      return bucket.list(prefix, signal)
    },
    delete: async key => {
      assertKey(key)
      await bucket.delete(key)
    },
    [Symbol.asyncDispose]: async () => {
      closing.abort()
      client.destroy()
    },
  }
}

function createClient(options: S3ObjectsOptions): S3Client {
  const { endpoint, region, credentials, forcePathStyle = false } = options
  const fallback = endpoint === undefined ? undefined : 'us-east-1'
  const chosen = region ?? fallback
  const agent = { keepAlive: true, maxSockets: SOCKETS_MAX }
  return new S3Client({
    forcePathStyle,
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(chosen === undefined ? {} : { region: chosen }),
    ...(credentials === undefined ? {} : { credentials }),
    maxAttempts: 1,
    // With it, an abort waits for the server's leave to send.
    expectContinueHeader: false,
    requestHandler: { connectionTimeout: CONNECT_MS_MAX, httpAgent: agent, httpsAgent: agent },
  })
}

/** `Key` and the like are the names that S3's API has. */
class Bucket {
  readonly #options: S3ObjectsOptions
  readonly #client: S3Client
  readonly #calls: Calls
  /** '' or ending in `/`. */
  readonly #root: string
  #puts = 0

  constructor(options: S3ObjectsOptions, client: S3Client, calls: Calls) {
    this.#options = options
    this.#client = client
    this.#calls = calls
    const { prefix = '' } = options
    this.#root = prefix === '' ? '' : `${prefix}/`
  }

  async put(key: string, bytes: Uint8Array, options: PutOptions): Promise<'stored' | 'exists'> {
    this.#puts += 1
    const token = `${this.#options.writer}-${this.#puts}`
    const isConditional = options.ifAbsent === true
    const command = new PutObjectCommand({
      ...this.#at(key),
      Body: bytes,
      ChecksumAlgorithm: 'CRC32',
      ...(isConditional ? { IfNoneMatch: '*', Metadata: { [TOKEN]: token } } : {}),
    })
    return await this.#call(
      `writing object '${key}'`,
      options.signal,
      async ({ count, ...one }) => {
        one.allow(bytes.length)
        try {
          await this.#client.send(command, { abortSignal: one.signal })
          return 'stored'
        } catch (error) {
          if (!isConditional || statusOf(error) !== 412) throw error
          if (count === 0) return 'exists'
          return (await this.#tokenOf(key, one.signal)) === token ? 'stored' : 'exists'
        }
      },
    )
  }

  async get(key: string, options: GetOptions): Promise<StoredObject | 'unchanged' | null> {
    return await this.#call(`reading object '${key}'`, options.signal, async one => {
      try {
        return options.range?.length === 0
          ? await this.#getNothing(key, options, one)
          : await this.#getBytes(key, options, one)
      } catch (error) {
        const status = statusOf(error)
        if (status === 304) return 'unchanged'
        // Where a bucket is missing, the name is another.
        if (status === 404 && ['NoSuchKey', 'NotFound'].includes(nameOf(error))) return null
        if (status === 416) return await this.#getNothing(key, options, one)
        throw error
      }
    })
  }

  async *list(prefix: string, signal?: AbortSignal): AsyncGenerator<ObjectEntry, undefined> {
    let next: string | undefined
    let last = ''
    do {
      const page = await this.#page(prefix, next, signal)
      for (const { Key = '', Size = 0 } of page.Contents ?? []) {
        signal?.throwIfAborted()
        const key = Key.slice(this.#root.length)
        if (!isKey(key)) continue
        // Keys are ASCII, so the order of strings is that of their bytes.
        if (key <= last) throw this.#unordered()
        last = key
        yield { key, sizeBytes: Size }
      }
      next = page.IsTruncated === true ? page.NextContinuationToken : undefined
    } while (next !== undefined)
  }

  async delete(key: string): Promise<void> {
    await this.#call(`deleting object '${key}'`, undefined, async ({ signal }) => {
      await this.#client.send(new DeleteObjectCommand(this.#at(key)), { abortSignal: signal })
    })
  }

  #at(key: string): { readonly Bucket: string; readonly Key: string } {
    return { Bucket: this.#options.bucket, Key: this.#root + key }
  }

  #call<T>(
    what: string,
    signal: AbortSignal | undefined,
    attempt: (one: Try) => Promise<T>,
  ): Promise<T> {
    return this.#calls.run({ what: `${what} in ${this.#name()}`, signal: signal ?? null }, attempt)
  }

  #name(): string {
    return `s3://${this.#options.bucket}/${this.#root}`
  }

  /** null: there is no object, or one that was not put where there was none. */
  async #tokenOf(key: string, signal: AbortSignal): Promise<string | null> {
    try {
      const command = new HeadObjectCommand(this.#at(key))
      const { Metadata } = await this.#client.send(command, { abortSignal: signal })
      return Metadata?.[TOKEN] ?? null
    } catch (error) {
      if (statusOf(error) === 404) return null
      throw error
    }
  }

  async #getBytes(key: string, { range, unless }: GetOptions, one: Try): Promise<StoredObject> {
    const command = new GetObjectCommand({
      ...this.#at(key),
      ChecksumMode: 'ENABLED',
      ...(unless === undefined ? {} : { IfNoneMatch: unless }),
      ...(range === undefined
        ? {}
        : { Range: `bytes=${range.offset}-${range.offset + range.length - 1}` }),
    })
    const answer = await this.#client.send(command, { abortSignal: one.signal })
    one.allow(answer.ContentLength ?? 0)
    return { bytes: await readBody(answer), version: answer.ETag ?? '' }
  }

  /** For ranges without a byte, which S3 has no answer to. */
  async #getNothing(key: string, { unless }: GetOptions, { signal }: Try): Promise<StoredObject> {
    const condition = unless === undefined ? {} : { IfNoneMatch: unless }
    const command = new HeadObjectCommand({ ...this.#at(key), ...condition })
    const { ETag = '' } = await this.#client.send(command, { abortSignal: signal })
    return { bytes: new Uint8Array(0), version: ETag }
  }

  async #page(
    prefix: string,
    next: string | undefined,
    signal: AbortSignal | undefined,
  ): Promise<ListObjectsV2CommandOutput> {
    const command = new ListObjectsV2Command({
      Bucket: this.#options.bucket,
      Prefix: this.#root + prefix,
      ...(next === undefined ? {} : { ContinuationToken: next }),
    })
    return await this.#call(`listing objects '${prefix}'`, signal, one =>
      this.#client.send(command, { abortSignal: one.signal }),
    )
  }

  #unordered(): Fault {
    return new Fault(
      'OBJECTS_UNAVAILABLE',
      `${this.#name()} does not list its objects by key; name a general purpose bucket`,
    )
  }
}

/** The bytes of an answer. A body that nobody reads would hold its socket for ever. */
async function readBody({ Body, ContentLength }: GetObjectCommandOutput): Promise<Uint8Array> {
  // In Node, as the SDK's type does not say.
  const body = Body as Readable
  const chunks: Buffer[] = []
  for await (const chunk of body) chunks.push(chunk as Buffer)
  const bytes = new Uint8Array(Buffer.concat(chunks))
  if (ContentLength === undefined || bytes.length === ContentLength) return bytes
  throw new Error(`${bytes.length} bytes of ${ContentLength} came`)
}

/** The status of the answer that an error of the SDK stands for; null: there was none. */
function statusOf(error: unknown): number | null {
  const { $metadata } = error as { readonly $metadata?: { readonly httpStatusCode?: number } }
  return $metadata?.httpStatusCode ?? null
}

function nameOf(error: unknown): string {
  return error instanceof Error ? error.name : ''
}
