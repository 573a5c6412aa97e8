/**
 * Over TLS and with a login: each way that the guide names, on a broker that lets nobody else in;
 * and what is said to those who have the wrong one.
 */
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { KafkaCluster } from '../scripts/kafka/cluster.ts'
import { startKafka } from '../scripts/kafka/cluster.ts'
import { createCluster, parseBroker } from '../src/log/kafka/cluster.ts'
import { openKafkaLog } from '../src/log/kafka/kafka-log.ts'
import { ensureTopics } from '../src/log/kafka/topics.ts'
import type { EventLog } from '../src/log/log.ts'
import type { KafkaOptions, KafkaSasl } from '../src/model/kafka.ts'
import { toUtf8 } from '../src/std/bytes.ts'
import { createSystemClock } from '../src/std/clock.ts'
import { DAY_MS } from '../src/std/units.ts'
import { createPrefix, kafkaMissing } from './support/broker.ts'
import type { Place } from './support/place.ts'
import { createPlace } from './support/place.ts'
import { runWeir } from './support/process.ts'

const missing = kafkaMissing()
const isSkipped = missing !== null && process.env['CI'] !== 'true'
const START_MS_MAX = 300_000
const NEVER = new AbortController().signal
const clock = createSystemClock()
const USERNAME = 'weir'
const PASSWORD = 'a-secret'
/** Shorter than any test; the client renews at four fifths of it. */
const SESSION_S = 3
const RENEWALS = 3

/** What Amazon's signer gives is a token too; this broker takes one without a signature. */
function toToken(lifetimeS: number): string {
  const nowS = Math.floor(Date.now() / 1_000)
  const claims = { sub: USERNAME, iat: nowS - 1, exp: nowS + lifetimeS }
  const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url')
  return `${part({ alg: 'none' })}.${part(claims)}.`
}

describe.skipIf(isSkipped)(
  isSkipped ? `skipped: ${missing}` : 'a broker that asks who it is',
  () => {
    let place: Place
    let cluster: KafkaCluster
    let ca = ''

    beforeAll(async () => {
      place = await createPlace()
      const [key, certificate] = ['key.pem', 'cert.pem'].map(name => join(place.directory, name))
      const words = [
        'req',
        '-x509',
        '-newkey',
        'rsa:2048',
        '-nodes',
        '-days',
        '2',
        '-subj',
        '/CN=weir',
      ]
      const names = ['-addext', 'subjectAltName=IP:127.0.0.1']
      execFileSync(
        'openssl',
        [...words, ...names, '-keyout', key, '-out', certificate] as string[],
        {
          stdio: 'ignore',
        },
      )
      ca = readFileSync(String(certificate), 'utf8')
      const keyFile = join(place.directory, 'both.pem')
      execFileSync('sh', ['-c', `cat "${key}" "${certificate}" > "${keyFile}"`])
      const secure = { keyFile, username: USERNAME, password: PASSWORD }
      cluster = await startKafka({ mode: 'kraft', brokers: 1, secure })
    }, START_MS_MAX)

    afterAll(async () => {
      await cluster[Symbol.asyncDispose]()
      await place[Symbol.asyncDispose]()
    })

    test.each<[string, KafkaSasl]>([
      ['SCRAM-SHA-512', { mechanism: 'SCRAM-SHA-512', username: USERNAME, password: PASSWORD }],
      ['PLAIN', { mechanism: 'PLAIN', username: USERNAME, password: async () => PASSWORD }],
      ['OAUTHBEARER', { mechanism: 'OAUTHBEARER', token: () => toToken(60) }],
    ])('%s over TLS: a record goes in and comes out', async (_, sasl) => {
      const kafka = { brokers: [String(cluster.bootstrapSecure)], tls: { ca }, sasl }
      await using log = await openReady(kafka)
      const [place] = await log.append([toRecord(log.topic)], NEVER)
      expect(place).toMatchObject({ partition: 0, offset: 0 })
      const options = { bytesMax: 1_000_000, waitMsMax: 1_000 }
      const positions = [{ topic: log.topic, partition: 0, offset: 0 }]
      for await (const fetches of log.read(positions, options, NEVER)) {
        if (fetches.length === 0) continue
        expect(fetches[0]).toMatchObject({ offset: 0, offsetNext: 1 })
        break
      }
    })

    test('a session that ends is renewed on its connection, under load', async () => {
      let tokens = 0
      const token = async (): Promise<string> => {
        tokens += 1
        // Whoever signs may have to ask for credentials first: requests wait meanwhile.
        await clock.sleep(200, NEVER)
        return toToken(SESSION_S)
      }
      const kafka: KafkaOptions = {
        brokers: [String(cluster.bootstrapSecure)],
        tls: { ca },
        sasl: { mechanism: 'OAUTHBEARER', token },
      }
      await using one = createCluster(kafka)
      const broker = parseBroker(kafka.brokers[0] ?? '')
      const connection = await one.control.to(broker)
      const told: string[] = []
      connection.on('sasl:authentication:extended', () => told.push('renewed'))
      connection.on('close', () => told.push('closed'))
      while (told.length < RENEWALS) {
        await Promise.all(Array.from({ length: 4 }, () => one.learn([])))
      }
      expect(told).toEqual(Array.from({ length: RENEWALS }, () => 'renewed'))
      expect(await one.control.to(broker)).toBe(connection)
      expect(tokens).toBe(1 + RENEWALS)
    })

    test('a log goes on over sessions that end, though a token fails once', async () => {
      let tokens = 0
      let failures = 0
      let failAt = -1
      const token = async (): Promise<string> => {
        tokens += 1
        // Several connections may ask at once: each goes by its own number.
        const number = tokens
        await clock.sleep(50, NEVER)
        if (number === failAt) {
          failures += 1
          throw new Error('no credentials just now')
        }
        return toToken(SESSION_S)
      }
      const kafka: KafkaOptions = {
        brokers: [String(cluster.bootstrapSecure)],
        tls: { ca },
        sasl: { mechanism: 'OAUTHBEARER', token },
      }
      await using log = await openReady(kafka)
      const opened = tokens
      failAt = opened + 4
      const end = new AbortController()
      const reading = countRead(log, end.signal)
      let appended = 0
      // Connections for questions, appends and reads are renewed three times each, in some 8 s.
      while (tokens < opened + 9) {
        await log.append([toRecord(log.topic)], NEVER)
        appended += 1
      }
      await expect.poll(reading.count, { timeout: 10_000 }).toBe(appended)
      end.abort()
      await reading.done
      expect(failures).toBe(1)
    })

    test('a wrong password, and a certificate that nobody vouches for, are told', async () => {
      const brokers = [String(cluster.bootstrapSecure)]
      const sasl: KafkaSasl = { mechanism: 'SCRAM-SHA-512', username: USERNAME, password: 'wrong' }
      await expect(openReady({ brokers, tls: { ca }, sasl })).rejects.toThrow(/authentication/i)
      await expect(openReady({ brokers, tls: true, sasl })).rejects.toThrow(/certificate/i)
      await expect(openReady({ brokers })).rejects.toThrow(/TLS|closed|timed out/i)
    })

    test('doctor says what is wrong, in one line', async () => {
      const words = ['doctor', '--kafka', String(cluster.bootstrapSecure), '--kafka-tls', 'on']
      const { how, stdout } = await runWeir([...words, '--data', place.directory])
      expect(how).toBe('exit 1')
      expect(stdout).toMatch(/^FAIL {2}.*certificate/m)
    })
  },
)

function toRecord(topic: string): Parameters<EventLog['append']>[0][number] {
  return { topic, partition: 0, key: null, value: toUtf8('{}'), headers: [] }
}

function countRead(
  log: EventLog & { readonly topic: string },
  signal: AbortSignal,
): { readonly count: () => number; readonly done: Promise<void> } {
  let offset = 0
  const read = async (): Promise<void> => {
    const positions = [{ topic: log.topic, partition: 0, offset: 0 }]
    for await (const fetches of log.read(positions, { bytesMax: 1e6, waitMsMax: 200 }, signal)) {
      for (const { offsetNext } of fetches) offset = offsetNext
    }
  }
  // A reading that is called off ends, or throws the reason.
  return { count: () => offset, done: read().catch(() => {}) }
}

/** Throws where the topic cannot be made. */
async function openReady(kafka: KafkaOptions): Promise<EventLog & { readonly topic: string }> {
  const topic = `${createPrefix()}purchase`
  const plan = {
    topics: [topic],
    partitions: 1,
    replicationFactor: 1,
    minInsyncReplicas: 1,
    retentionMs: DAY_MS,
  }
  await ensureTopics(kafka, plan, clock)
  const log = openKafkaLog({ kafka, plan, clock, onOutage: () => {} })
  const isReady = async (): Promise<boolean> => {
    return await log.bounds(NEVER).then(
      () => true,
      () => false,
    )
  }
  while (!(await isReady())) await clock.sleep(5, NEVER)
  return Object.assign(log, { topic })
}
