/** `npm run kafka` as a person uses it: it is ready, it ends, and it leaves nothing behind. */
import type { ChildProcess } from 'node:child_process'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { kafkaMissing } from '../../test/support/broker.ts'
import { createPlace } from '../../test/support/place.ts'
import { KAFKA_KRAFT, KAFKA_ZOOKEEPER, resolveJars } from './jars.ts'
import { findFreePorts, isFree } from './ports.ts'
import { askBrokerIds } from './wire.ts'

const missing = kafkaMissing()
const isSkipped = missing !== null && process.env['CI'] !== 'true'
const why = missing === null ? '' : ` (skipped: ${missing})`
const POLL_MS = 50
const GONE_MS_MAX = 10_000
const RESOLVE_MS_MAX = 300_000

interface Ran {
  readonly child: ChildProcess
  readonly output: () => string
  /** The exit code, or the signal that ended it. */
  readonly ended: Promise<string>
}

function runKafka(...words: readonly string[]): Ran {
  const main = join(import.meta.dirname, 'main.ts')
  const child = spawn(process.execPath, [main, ...words], { stdio: ['ignore', 'pipe', 'pipe'] })
  onTestFinished(() => {
    child.kill('SIGKILL')
  })
  let text = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk
    })
  }
  const ended = once(child, 'close').then(([code, signal]) => String(code ?? signal))
  return { child, output: () => text, ended }
}

async function waitUntilReady({ child, output }: Ran): Promise<void> {
  while (!output().includes('kafka: Ctrl-C ends it')) {
    expect(child.exitCode, output()).toBeNull()
    await sleep(POLL_MS)
  }
}

describe.skipIf(isSkipped)(`npm run kafka${why}`, () => {
  beforeAll(async () => {
    expect(missing, 'what CI lacks').toBeNull()
    await resolveJars(KAFKA_KRAFT)
    await resolveJars(KAFKA_ZOOKEEPER)
  }, RESOLVE_MS_MAX)

  test('Ctrl-C ends it well, and the data is kept where asked', { timeout: 90_000 }, async () => {
    await using place = await createPlace()
    const [port = 0] = await findFreePorts(1)
    for (const round of [1, 2]) {
      const kafka = runKafka('--port', String(port), '--data', place.directory)
      await waitUntilReady(kafka)
      expect(await askBrokerIds(port), `round ${round}`).toEqual([1])
      expect(kafka.output()).toContain(`weir start --kafka 127.0.0.1:${port}`)
      kafka.child.kill('SIGINT')
      expect(await kafka.ended, kafka.output()).toBe('0')
      expect(await isFree(port)).toBe(true)
    }
    expect(await readdir(join(place.directory, 'broker-1'))).toContain('meta.properties')
    const other = runKafka('--data', place.directory, '--zookeeper')
    expect(await other.ended).toBe('1')
    expect(other.output()).toContain('is of kraft, brokers: 1')
  })

  test('killed, it leaves no broker and no directory', { timeout: 60_000 }, async () => {
    const [port = 0] = await findFreePorts(1)
    const kafka = runKafka('--port', String(port), '--zookeeper')
    await waitUntilReady(kafka)
    const [, directory = ''] = /its output is in (.+)/.exec(kafka.output()) ?? []
    expect(existsSync(directory)).toBe(true)
    kafka.child.kill('SIGKILL')
    expect(await kafka.ended).toBe('SIGKILL')
    const isGone = async (): Promise<boolean> => !existsSync(directory) && (await isFree(port))
    for (let waitedMs = 0; !(await isGone()) && waitedMs < GONE_MS_MAX; waitedMs += POLL_MS) {
      await sleep(POLL_MS)
    }
    expect(existsSync(directory)).toBe(false)
    expect(await isFree(port)).toBe(true)
  })

  test('a taken port is told, and so is a word that it does not know', async () => {
    const kafka = runKafka('--port', String(await listenAnywhere()))
    expect(await kafka.ended).toBe('1')
    expect(kafka.output()).toMatch(/kafka: port \d+ is taken/)
    const odd = runKafka('--brokers', '2')
    expect(await odd.ended).toBe('2')
    expect(odd.output()).toContain('--brokers 1|3')
  })
})

/** The port of a server that lives as long as the test. */
async function listenAnywhere(): Promise<number> {
  const server = createServer()
  const [port = 0] = await findFreePorts(1)
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    server.close()
  })
  return port
}
