/**
 * The whole way once: visitors at the front door, a broker, workers that count and archive, a lake
 * in one bucket, Spark over it, results in another, and answers over HTTP. What is answered in the
 * end, from the stream and from the run, is a recount of what the broker has.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { S3Access } from '../scripts/s3/server.ts'
import { sparkMissing } from '../src/main/spark/home.ts'
import type { Result, ResultRow } from '../src/model/result.ts'
import { recount } from './oracle/recount.ts'
import { SHOP_QUESTIONS, SHOP_SETTINGS } from './oracle/shop.ts'
import { kafkaMissing, shareKafka } from './support/broker.ts'
import { openFlakyProxy } from './support/flaky-proxy.ts'
import type { Fleet, Settled } from './support/fleet.ts'
import { openFleet } from './support/fleet.ts'
import { kafkaClientsMissing, resolveKafkaClients } from './support/kafka-clients/produce.ts'
import type { ArchivedAudit } from './support/lake-check.ts'
import { assertLakeHolds, assertLakeIsExact, waitUntilArchived } from './support/lake-check.ts'
import { countInBucket } from './support/lake-readers/readers.ts'
import type { Place } from './support/place.ts'
import { createPlace } from './support/place.ts'
import type { Ending, Settings } from './support/process.ts'
import { readJsonFrom, readRows, runWeir, startWeir } from './support/process.ts'
import { toOracleRows } from './support/product.ts'
import { pythonMissing } from './support/python.ts'
import { copyBucket, createBucket, s3Missing, shareS3, toS3Variables } from './support/s3.ts'
import { createVisitors } from './support/visitors.ts'

const missing =
  s3Missing() ?? kafkaMissing() ?? kafkaClientsMissing() ?? sparkMissing() ?? pythonMissing()
const isSkipped = missing !== null && process.env['CI'] !== 'true'
const SEED = Number(process.env['WEIR_TEST_SEED'] ?? 21)
const PREPARE_MS_MAX = 900_000
const SPARK_MS_MAX = 600_000
const POLL_MS = 50
/** Of visitors, in batches of 15 or so. */
const REQUESTS = 150

describe.skipIf(isSkipped)(isSkipped ? `skipped: ${missing}` : 'the whole way', () => {
  let access: S3Access
  let place: Place
  let fleet: Fleet
  let settled: Settled
  let audit: ArchivedAudit
  let settings: Settings = {}
  let lakeBucket = ''
  let runs: readonly Result[] = []

  beforeAll(async () => {
    expect(missing, 'what CI lacks').toBeNull()
    await resolveKafkaClients()
    access = await shareS3()
    const bootstrap = await shareKafka('kraft')
    place = await createPlace()
    lakeBucket = await createBucket(access)
    settings = {
      ...toS3Variables(access),
      WEIR_ARCHIVE: `s3://${lakeBucket}/shop/lake`,
      WEIR_ARCHIVE_INTERVAL: '500ms',
      WEIR_COMMIT_INTERVAL: '1s',
      WEIR_RESULTS: `s3://${await createBucket(access)}/weir`,
    }
    fleet = await openFleet({ bootstrap, seed: SEED, workers: 2, session: '6s', settings })
    while (fleet.answers.length < REQUESTS) await sleep(POLL_MS)
    // Compares every answer of the stream.
    settled = await fleet.settle()
    audit = await waitUntilArchived(fleet.serve.url)
  }, PREPARE_MS_MAX)
  afterAll(async () => {
    await fleet?.[Symbol.asyncDispose]()
    await place?.[Symbol.asyncDispose]()
  })

  const weir = (words: readonly string[], own: Settings = {}): Promise<Ending> =>
    runWeir([...words, '--data', join(place.directory, 'own')], { ...settings, ...own })
  const expected = (name: string): unknown => {
    const question = SHOP_QUESTIONS.find(one => one.name === name)
    if (question === undefined) throw new Error(`the oracle does not know ${name}`)
    return recount(question, settled.judged, SHOP_SETTINGS)
  }

  test('every accepted event is in the lake once', async () => {
    const copy = join(place.directory, 'copy')
    await copyBucket(access, lakeBucket, copy)
    await assertLakeHolds(audit, {
      judged: settled.judged,
      lake: join(copy, 'shop', 'lake'),
    })
  })

  test('pyarrow counts what the ledger says, in the bucket itself', {
    timeout: 400_000,
  }, async () => {
    const lines = audit.partitions.filter(line => (line.lake_rows ?? 0) > 0)
    expect(lines.length).toBeGreaterThan(5)
    expect(await countInBucket(access, `${lakeBucket}/shop/lake`)).toEqual(
      Object.fromEntries(lines.map(line => [`${line.topic} ${line.partition}`, line.lake_rows])),
    )
  })

  test('spark counts the lake, and tells nobody the secret', {
    timeout: SPARK_MS_MAX,
  }, async () => {
    await using proxy = await openFlakyProxy(access.endpoint, () => 'pass')
    const watch = watchCommandLines()
    const words = ['spark', '--run', 'chain', '--json']
    const { how, stdout, stderr } = await weir(words, { WEIR_S3_ENDPOINT: proxy.endpoint })
    const seen = await watch.end()
    expect(how, stderr).toBe('exit 0')
    expect(stderr.trimEnd().split('\n').at(-1)).toBe('weir: run chain is published')
    expect(seen).toContain('spark.properties')
    const puts = proxy.asked.filter(({ method, path }) => {
      return method === 'PUT' && path.includes('/runs/chain/manifest.json')
    })
    expect(puts.map(({ ifNoneMatch }) => ifNoneMatch)).toEqual(['*'])
    for (const text of [seen, stderr]) {
      expect(text).not.toContain(access.secretAccessKey)
      expect(text).not.toContain(access.accessKeyId)
    }
    runs = (JSON.parse(stdout) as { readonly results: readonly Result[] }).results
    expect(runs.map(({ metric }) => metric)).toEqual(SHOP_QUESTIONS.map(({ name }) => name))
    for (const { metric, rows } of runs) {
      expect(toOracleRows(rows), metric).toEqual(expected(metric))
    }
  })

  test('serve answers of the run for windows that were closed, and of the stream', async () => {
    const { url } = fleet.serve
    for (const { metric, rows } of runs) {
      const question = `${url}/v1/metrics/${metric}?source=chain&limit=100000`
      const answer = (await readJsonFrom(question)) as Result
      const closed = rows.filter(row => row.status === 'final' || row.window_start === null)
      expect(answer.rows, metric).toEqual(closed)
      expect(
        answer.rows.every(row => row.source === 'chain'),
        metric,
      ).toBe(true)
      const stream = await readRows(url, metric)
      expect(toOracleRows(stream), metric).toEqual(expected(metric))
      expect(stream.every(isOfStream), metric).toBe(true)
    }
    expect(
      runs.filter(({ rows }) => rows.some(row => row.status === 'final')).length,
    ).toBeGreaterThan(5)
    const unknown = await fetch(`${url}/v1/metrics/sales_daily?source=nowhere`)
    expect([unknown.status, await unknown.text()]).toEqual([
      400,
      expect.stringContaining("'nowhere'"),
    ])
  })

  test('batch counts the same lake alike, and the same run only once', async () => {
    const batch = await weir(['batch', '--run', 'by-duckdb', '--json'])
    const toRows = (results: readonly Result[]): unknown =>
      results.map(({ metric, rows }) => [metric, rows.map(row => ({ ...row, source: '' }))])
    const { results } = JSON.parse(batch.stdout) as { readonly results: readonly Result[] }
    expect(toRows(results)).toEqual(toRows(runs))
    const again = await weir(['spark', '--run', 'chain', '--json'])
    expect(again.stderr).toContain('run chain was published before')
    expect(JSON.parse(again.stdout)).toEqual({ run: 'chain', results: runs })
  })

  test('audit holds the files of the bucket to the ledger', async () => {
    const own = { WEIR_DATA: join(fleet.directory, 'serve-1'), WEIR_TOPIC_PREFIX: fleet.prefix }
    const { how, stderr } = await runWeir(['audit', '--lake'], { ...settings, ...own })
    expect([how, stderr]).toEqual([
      'exit 0',
      'The files of the lake have the rows of the ledger.\n',
    ])
  })

  test('weir start archives to the bucket that its config names', async () => {
    const config = join(place.directory, 'weir.config.ts')
    const { endpoint, region } = access
    const target = { bucket: lakeBucket, prefix: 'alone', endpoint, region, forcePathStyle: true }
    await writeFile(
      config,
      `import { defineConfig, s3 } from 'weir'
export default defineConfig({ archive: s3(${JSON.stringify(target)}), archiveInterval: '300ms' })`,
    )
    const { AWS_ACCESS_KEY_ID = '', AWS_SECRET_ACCESS_KEY = '' } = settings
    const own = { AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, WEIR_CONFIG: config }
    const data = join(place.directory, 'alone')
    await using alone = await startWeir(data, own)
    const stop = new AbortController()
    setTimeout(() => stop.abort(), 500)
    await createVisitors(SEED + 1).visit(alone.url, stop.signal)
    const archived = await waitUntilArchived(alone.url)
    const copy = join(place.directory, 'copied-alone')
    await copyBucket(access, lakeBucket, copy)
    await assertLakeIsExact(archived, { log: join(data, 'log'), lake: join(copy, 'alone') })
  })

  test('what is wrong is told in one line', { timeout: SPARK_MS_MAX }, async () => {
    const told = async (words: readonly string[], own: Settings = {}): Promise<string> =>
      (await weir(words, own)).stderr.trim()
    const nowhere = { WEIR_RESULTS: 's3://no-such-bucket-here/weir' }
    for (const command of ['batch', 'spark']) {
      expect(await told([command], nowhere)).toContain("there is no bucket 'no-such-bucket-here'")
      expect(await told([command, '--lake', 's3://no-such-bucket-here/lake'])).toContain(
        "there is no bucket 'no-such-bucket-here'",
      )
      expect(await told([command, '--lake', `s3://${lakeBucket}/other`])).toBe(
        `weir: there is no lake in s3://${lakeBucket}/other: no Parquet file lies under events/; ` +
          'check --lake [LAKE_UNREADABLE]',
      )
      expect(await told([command], { AWS_SECRET_ACCESS_KEY: 'wrong' })).toContain(
        'the secret key does not belong to the access key',
      )
    }
    expect(await told(['batch', '--from', '2011-01-01', '--to', '2011-02-01'])).toContain(
      'no window that begins in the range has an event; the lake has events of 2024-10-25 to ',
    )
  })

  test('spark that may not write says so', { timeout: SPARK_MS_MAX }, async () => {
    await using proxy = await openFlakyProxy(access.endpoint, ({ method }) =>
      method === 'PUT' ? '403 before' : 'pass',
    )
    const own = { WEIR_S3_ENDPOINT: proxy.endpoint }
    const { how, stderr } = await weir(['spark', '--metric', 'sales_daily'], own)
    expect(how).toBe('exit 1')
    expect(stderr).toMatch(/weir: access is denied \(.*: let these .* \[SPARK_FAILED\]\n$/)
  })

  test('without a network for its jars spark says so', async () => {
    const home = join(place.directory, 'home')
    const repository = join(place.directory, 'repository')
    const MAVEN_OPTS = [
      `-Dmaven.repo.local=${repository}`,
      ...['http', 'https'].flatMap(scheme => [
        `-D${scheme}.proxyHost=127.0.0.1`,
        `-D${scheme}.proxyPort=1`,
      ]),
    ].join(' ')
    const { how, stderr } = await weir(['spark'], { HOME: home, MAVEN_OPTS })
    expect(how).toBe('exit 1')
    expect(stderr).toContain('s3a-3.5.0 was not downloaded from maven central; is the network')
    expect(stderr).toContain('[PROGRAM_MISSING]')
  })
})

function isOfStream(row: ResultRow): boolean {
  return row.source === 'stream'
}

/** Every command line that this machine shows, as `ps` would. */
function watchCommandLines(): { end(): Promise<string> } {
  const seen = new Set<string>()
  let isOver = false
  const watching = (async () => {
    while (!isOver) {
      for (const name of readdirSync('/proc')) if (/^\d+$/.test(name)) seen.add(readLine(name))
      await sleep(POLL_MS)
    }
  })()
  return {
    end: async () => {
      isOver = true
      await watching
      return [...seen].join('\n')
    },
  }
}

function readLine(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ')
  } catch {
    return ''
  }
}
