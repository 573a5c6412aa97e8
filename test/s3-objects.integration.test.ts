/** Objects in a bucket, on a real server: the contract of every adapter, and what S3 adds to it. */
import { randomUUID } from 'node:crypto'
import { beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest'
import type { S3Access } from '../scripts/s3/server.ts'
import type { ObjectStore, StoredObject } from '../src/model/object-store.ts'
import type { ObjectsBed } from '../src/objects/objects.contract.ts'
import { describeObjects } from '../src/objects/objects.contract.ts'
import type { S3ObjectsOptions } from '../src/objects/s3/s3-objects.ts'
import { openS3Objects } from '../src/objects/s3/s3-objects.ts'
import { fromUtf8, toUtf8 } from '../src/std/bytes.ts'
import { createPrng } from '../src/std/prng.ts'
import { takeShard } from '../src/store/results/epochs.ts'
import type { Asked, Fate, FlakyProxy } from './support/flaky-proxy.ts'
import { createFates, openFlakyProxy } from './support/flaky-proxy.ts'
import { createBucket, s3Missing, shareS3, toS3Options } from './support/s3.ts'

const missing = s3Missing()
const isSkipped = missing !== null && process.env['CI'] !== 'true'
const START_MS_MAX = 900_000
/** Of the calls that a bad network fails. */
const FAILING = 0.3
/** A call that hangs is noticed after so long, also by a machine that is busy elsewhere. */
const IMPATIENT = { requestMsMax: 1_000 }
/** Calls that fail are waited for between tries. */
const TEST_MS_MAX = 120_000

let access: S3Access

type Options = Partial<S3ObjectsOptions>

const name = isSkipped ? `skipped: ${missing}` : 'over s3'
describe.skipIf(isSkipped)(name, { timeout: TEST_MS_MAX }, () => {
  beforeAll(async () => {
    expect(missing, 'what CI lacks').toBeNull()
    access = await shareS3()
  }, START_MS_MAX)

  describeObjects('objects in a bucket', () => makeBed({}))
  describeObjects('objects in a folder of a bucket', () => makeBed({ prefix: 'some/folder' }))
  describeObjects('objects where 30 % of calls fail', async () => {
    const prng = createPrng(Number(process.env['WEIR_TEST_SEED'] ?? 7))
    const proxy = await openFlakyProxy(access.endpoint, createFates(prng, FAILING))
    const bed = await makeBed({ endpoint: proxy.endpoint, ...IMPATIENT })
    const dispose = async (): Promise<void> => {
      await bed[Symbol.asyncDispose]()
      await proxy[Symbol.asyncDispose]()
    }
    return { ...bed, [Symbol.asyncDispose]: dispose }
  })

  testLostAnswers()
  testWaits()
  testRefusals()
})

async function makeBed(more: Options): Promise<ObjectsBed> {
  const options = { ...toS3Options(access, await createBucket(access)), ...more }
  const stack = new AsyncDisposableStack()
  const reopen = (): ObjectStore => stack.use(openS3Objects({ ...options, writer: randomUUID() }))
  return { objects: reopen(), reopen, [Symbol.asyncDispose]: () => stack.disposeAsync() }
}

interface ProxiedBed extends ObjectsBed {
  readonly proxy: FlakyProxy
  /** Beside the proxy. */
  readonly direct: ObjectStore
}

/** Objects by a proxy; all of it ends with the test. */
async function openByProxy(
  fateOf: (asked: Asked) => Fate | Promise<Fate>,
  more: Options = {},
): Promise<ProxiedBed> {
  const bucket = await createBucket(access)
  const proxy = await openFlakyProxy(access.endpoint, fateOf)
  const bed = await makeBed({ bucket, endpoint: proxy.endpoint, ...IMPATIENT, ...more })
  const { objects: direct, ...beside } = await makeBed({ bucket })
  onTestFinished(async () => {
    await bed[Symbol.asyncDispose]()
    await beside[Symbol.asyncDispose]()
    await proxy[Symbol.asyncDispose]()
  })
  return { ...bed, proxy, direct }
}

async function textOf(objects: ObjectStore, key: string): Promise<string> {
  return fromUtf8(((await objects.get(key)) as StoredObject).bytes)
}

const once = { ifAbsent: true }

function testLostAnswers(): void {
  test.each<Fate>(['500 after', 'reset after', 'hang after'])(
    'a put that took effect, and whose answer was lost (%s), is stored, not there before',
    async fate => {
      const bed = await openByProxy(({ count }) => (count < 2 ? fate : 'pass'))
      expect(await bed.objects.put('key', toUtf8('mine'), once)).toBe('stored')
      expect(bed.proxy.asked.map(one => one.method)).toEqual(['PUT', 'PUT', 'PUT', 'HEAD'])
      expect(await bed.objects.put('key', toUtf8('mine'), once)).toBe('exists')
      expect(await bed.reopen().put('key', toUtf8('mine'), once)).toBe('exists')
      expect(await textOf(bed.direct, 'key')).toBe('mine')
    },
  )

  test('a put that never arrived, while another was stored, finds that one', async () => {
    const bed = await openByProxy(async ({ count }) => {
      if (count > 0) return 'pass'
      await bed.direct.put('key', toUtf8('equal'), once)
      return 'reset before'
    })
    expect(await bed.objects.put('key', toUtf8('equal'), once)).toBe('exists')
  })

  test('of 32 that put the same bytes, and all lose answers, one is told that it did', async () => {
    const prng = createPrng(3)
    const bed = await openByProxy(({ method }) =>
      method === 'PUT' && prng.nextChance(0.4) ? 'reset after' : 'pass',
    )
    const others = Array.from({ length: 4 }, () => bed.reopen())
    for (let round = 0; round < 4; round += 1) {
      const racing = Array.from({ length: 32 }, (_, at) =>
        (others[at % 4] ?? bed.objects).put(`race/${round}`, toUtf8('same'), once),
      )
      const outcomes = await Promise.all(racing)
      expect(outcomes.filter(outcome => outcome === 'stored')).toHaveLength(1)
    }
  })

  test('a shard is taken once by each number, and none is skipped, whatever is lost', async () => {
    const bed = await openByProxy(createFates(createPrng(5), FAILING))
    const taking = Array.from({ length: 12 }, () =>
      takeShard(bed.reopen(), 0, { who: 'the same', atMs: 0 }),
    )
    const epochs = (await Promise.all(taking)).map(owned => owned.epoch)
    expect(epochs.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 12 }, (_, at) => at + 1))
  })

  test('an answer that breaks off is asked for again, and comes whole', async () => {
    const bed = await openByProxy(({ count }) => (count < 3 ? 'reset within' : 'pass'))
    const bytes = new Uint8Array(300_000).map((_, at) => at * 7)
    await bed.direct.put('big', bytes)
    const found = (await bed.objects.get('big')) as StoredObject
    expect(Buffer.compare(found.bytes, bytes)).toBe(0)
    expect(bed.proxy.asked).toHaveLength(4)
  })
}

function testWaits(): void {
  test('a call that hangs is called off at once, and so are those behind it', async () => {
    const bed = await openByProxy(() => 'hang before', { requestMsMax: 60_000 })
    const abort = new AbortController()
    const { signal } = abort
    const calls = Array.from({ length: 40 }, () => bed.objects.get('key', { signal }))
    const ended = Promise.allSettled(calls)
    while (bed.proxy.asked.length < 32) await new Promise(resolve => setTimeout(resolve, 5))
    abort.abort(new Error('called off'))
    for (const one of await ended) {
      expect(one).toMatchObject({ status: 'rejected', reason: { message: 'called off' } })
    }
    expect(bed.proxy.asked).toHaveLength(32)
  })

  test.each<[Fate, RegExp]>([
    ['503 before', /reading object 'key' in s3:.*failed \(\d+ tries\).*503/],
    ['hang before', /no answer within 50 ms.*check the network/],
    ['reset before', /did not answer/],
  ])('a server that goes on failing (%s) is told after a while', async (fate, message) => {
    const bed = await openByProxy(() => fate, { requestMsMax: 50, callMsMax: 400 })
    await expect(bed.objects.get('key')).rejects.toMatchObject({
      code: 'OBJECTS_UNAVAILABLE',
      message: expect.stringMatching(message),
    })
    expect(bed.proxy.asked.length).toBeGreaterThan(2)
  })

  test('a handle that is closed says so', async () => {
    const bed = await makeBed({})
    await bed[Symbol.asyncDispose]()
    await expect(bed.objects.get('key')).rejects.toThrow(/the store is closed/)
  })
}

function testRefusals(): void {
  test.each<[string, Options, RegExp]>([
    [
      'a bucket that is missing',
      { bucket: 'no-such-bucket' },
      /no bucket 'no-such-bucket'.*make it/,
    ],
    ['another region', { region: 'eu-central-1' }, /set s3Region/],
    [
      'an unknown access key',
      { credentials: { accessKeyId: 'stranger', secretAccessKey: 'x' } },
      /access key is not known.*AWS_ACCESS_KEY_ID/,
    ],
    [
      'a port where nobody listens',
      { endpoint: 'http://127.0.0.1:9' },
      /cannot be reached.*s3Endpoint/,
    ],
  ])('%s is told with its remedy, of every call', async (_, more, message) => {
    await using bed = await makeBed({ ...more, callMsMax: 200 })
    const { objects } = bed
    const refused = { code: 'OBJECTS_UNAVAILABLE', message: expect.stringMatching(message) }
    await expect(objects.put('key', toUtf8('x'))).rejects.toMatchObject(refused)
    await expect(objects.get('key')).rejects.toMatchObject(refused)
    await expect(objects.delete('key')).rejects.toMatchObject(refused)
    const listing = async (): Promise<void> => {
      for await (const entry of objects.list('')) expect(entry).toBeNull()
    }
    await expect(listing()).rejects.toMatchObject(refused)
  })

  test('a wrong secret is told from a wrong key', async () => {
    const credentials = { accessKeyId: access.accessKeyId, secretAccessKey: 'wrong' }
    await using bed = await makeBed({ credentials })
    await expect(bed.objects.get('key')).rejects.toThrow(/secret key does not belong/)
  })

  test('no credentials at all', async () => {
    for (const name of ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY', 'AWS_PROFILE']) {
      vi.stubEnv(name, undefined)
    }
    vi.stubEnv('AWS_EC2_METADATA_DISABLED', 'true')
    vi.stubEnv('AWS_SHARED_CREDENTIALS_FILE', '/dev/null')
    vi.stubEnv('AWS_CONFIG_FILE', '/dev/null')
    onTestFinished(() => {
      vi.unstubAllEnvs()
    })
    const { credentials: _, ...options } = toS3Options(access, 'any')
    await using objects = openS3Objects(options)
    await expect(objects.get('key')).rejects.toThrow(/no credentials were found.*AWS_PROFILE/)
  })
}
