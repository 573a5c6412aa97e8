/**
 * compose.yaml without Docker: it parses, it says what the guide says, and a broker with its
 * settings starts. The image makes settings of variables as we do here: KAFKA_LOG_DIRS is log.dirs.
 */
import { execFile } from 'node:child_process'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { KAFKA_KRAFT, resolveJars } from '../scripts/kafka/jars.ts'
import { startJava } from '../scripts/kafka/java.ts'
import { findFreePorts } from '../scripts/kafka/ports.ts'
import { askBrokerIds } from '../scripts/kafka/wire.ts'
import { lastLinesOf } from '../scripts/watched.ts'
import { kafkaMissing } from './support/broker.ts'
import {
  kafkaClientsMissing,
  resolveKafkaClients,
  runPython,
} from './support/kafka-clients/produce.ts'
import { createPlace } from './support/place.ts'

interface Compose {
  readonly services: {
    readonly kafka: {
      readonly image: string
      readonly ports: readonly string[]
      readonly environment: { readonly [name: string]: string }
      readonly volumes: readonly string[]
      readonly healthcheck: { readonly test: readonly string[] }
    }
  }
  readonly volumes: { readonly [name: string]: null }
}

const run = promisify(execFile)
const ROOT = join(import.meta.dirname, '..')
const COMPOSE = join(ROOT, 'compose.yaml')
const CLUSTER_ID = '5L6g3nShT-eMCtK--X86sw'
const START_MS_MAX = 30_000
const POLL_MS = 100
const RESOLVE_MS_MAX = 300_000

const missing = kafkaMissing() ?? kafkaClientsMissing()
const isSkipped = missing !== null && process.env['CI'] !== 'true'
const why = missing === null ? '' : ` (skipped: ${missing})`

async function readCompose(): Promise<Compose> {
  expect(missing, 'what CI lacks').toBeNull()
  const code = `import json, yaml; print(json.dumps(yaml.safe_load(open('${COMPOSE}'))))`
  return JSON.parse(await runPython(code)) as Compose
}

function toProperties(environment: { readonly [name: string]: string }): string {
  const lines = Object.entries(environment).map(([name, value]) => {
    return `${name.replace('KAFKA_', '').replaceAll('_', '.').toLowerCase()}=${value}`
  })
  return `${lines.join('\n')}\n`
}

describe.skipIf(isSkipped)(`compose.yaml${why}`, () => {
  beforeAll(async () => {
    await resolveKafkaClients()
    await resolveJars(KAFKA_KRAFT)
  }, RESOLVE_MS_MAX)

  test('it is what the guide says', async () => {
    const { services, volumes } = await readCompose()
    const { image, ports, environment, healthcheck } = services.kafka
    const guide = await readFile(join(ROOT, 'docs', 'guides', 'kafka.md'), 'utf8')
    const named = [...guide.matchAll(/`(KAFKA_\w+): '?([^`']+)'?`/g)]
    expect(named.length).toBeGreaterThan(1)
    for (const [, name = '', value] of named) expect(environment[name]).toBe(value)
    expect(image).toBe(`apache/kafka:${KAFKA_KRAFT.name.replace('kafka-', '')}`)
    expect(ports).toEqual(['127.0.0.1:9092:9092'])
    expect(services.kafka.volumes).toEqual([`kafka:${environment['KAFKA_LOG_DIRS']}`])
    expect(Object.keys(volumes)).toEqual(['kafka'])
    expect(healthcheck.test.at(-1)).toBe('127.0.0.1:9092')
  })

  test('a broker with its settings starts', { timeout: 60_000 }, async () => {
    await using place = await createPlace()
    const { environment } = (await readCompose()).services.kafka
    const [port = 0, controllerPort = 0] = await findFreePorts(2)
    const properties = join(place.directory, 'server.properties')
    const text = toProperties({ ...environment, KAFKA_LOG_DIRS: join(place.directory, 'data') })
    await writeFile(
      properties,
      text.replaceAll('9092', String(port)).replaceAll('9093', String(controllerPort)),
    )
    const classPath = await resolveJars(KAFKA_KRAFT)
    const format = ['format', '-t', CLUSTER_ID, '-c', properties]
    await run('java', ['-cp', classPath, 'kafka.tools.StorageTool', ...format])
    const broker = startJava({
      classPath,
      mainClass: 'kafka.Kafka',
      words: [properties],
      flags: ['-Xmx256m', '-XX:TieredStopAtLevel=1'],
      output: join(place.directory, 'output.log'),
      removed: place.directory,
    })
    onTestFinished(() => broker.kill('SIGKILL'))
    let ids: readonly number[] = []
    for (let waitedMs = 0; ids.length === 0 && waitedMs < START_MS_MAX; waitedMs += POLL_MS) {
      expect(broker.isAlive, lastLinesOf(join(place.directory, 'output.log'))).toBe(true)
      await sleep(POLL_MS)
      ids = await askBrokerIds(port)
    }
    expect(ids).toEqual([1])
    await broker.kill('SIGKILL')
  })
})
