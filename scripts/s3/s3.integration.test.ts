/** `npm run s3` as a person uses it: it is ready, it lets its keys in, ends, and keeps the data. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { openS3Objects } from '../../src/objects/s3/s3-objects.ts'
import { toUtf8 } from '../../src/std/bytes.ts'
import { createPlace } from '../../test/support/place.ts'
import { toS3Options } from '../../test/support/s3.ts'
import { findFreePorts, isFree } from '../kafka/ports.ts'
import { gatewayMissing, resolveGateway } from './gateway.ts'

const missing = gatewayMissing()
const isSkipped = missing !== null && process.env['CI'] !== 'true'
const BUILD_MS_MAX = 900_000
const POLL_MS = 20

interface Ran {
  readonly text: () => string
  readonly end: (signal: NodeJS.Signals) => Promise<number | null>
}

function runS3(...words: readonly string[]): Ran {
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
  const closed = once(child, 'close')
  return {
    text: () => text,
    end: async signal => {
      child.kill(signal)
      const [code] = await closed
      return code as number | null
    },
  }
}

async function waitFor(isSo: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await isSo())) await sleep(POLL_MS)
}

describe.skipIf(isSkipped)(isSkipped ? `skipped: ${missing}` : 'npm run s3', () => {
  beforeAll(async () => {
    expect(missing, 'what CI lacks').toBeNull()
    await resolveGateway()
  }, BUILD_MS_MAX)

  test('it is ready, keeps what is put, and ends', async () => {
    await using place = await createPlace()
    const [port = 0] = await findFreePorts(1)
    const access = {
      endpoint: `http://127.0.0.1:${port}`,
      region: 'us-east-1',
      accessKeyId: 'weir',
      secretAccessKey: 'weir-secret',
    }
    for (const expected of ['stored', 'exists']) {
      const ran = runS3('--port', String(port), '--data', place.directory, '--bucket', 'my-shop')
      await waitFor(() => ran.text().includes('s3: Ctrl-C ends it'))
      expect(ran.text()).toContain(`export WEIR_S3_ENDPOINT=http://127.0.0.1:${port}`)
      await using objects = openS3Objects(toS3Options(access, 'my-shop'))
      expect(await objects.put('a/key', toUtf8('x'), { ifAbsent: true })).toBe(expected)
      expect(await ran.end('SIGINT')).toBe(0)
      expect(ran.text()).toContain('s3: stopped')
      expect(await isFree(port)).toBe(true)
    }
  })

  test('killed, it leaves neither the server nor temporary data', async () => {
    const [port = 0] = await findFreePorts(1)
    const ran = runS3('--port', String(port))
    await waitFor(() => ran.text().includes('s3: Ctrl-C ends it'))
    const directory = /buckets are in (.*)/.exec(ran.text())?.[1] ?? ''
    expect(existsSync(directory)).toBe(true)
    await ran.end('SIGKILL')
    await waitFor(async () => !existsSync(directory) && (await isFree(port)))
  })

  test('a port that is taken is told, and a wrong word', async () => {
    const taken = runS3('--port', '0')
    await waitFor(() => taken.text().includes('npm run s3 [-- FLAGS]'))
    const [port = 0] = await findFreePorts(1)
    const first = runS3('--port', String(port))
    await waitFor(() => first.text().includes('s3: Ctrl-C ends it'))
    const second = runS3('--port', String(port))
    await waitFor(() => second.text().includes(`s3: port ${port} is taken`))
    await first.end('SIGTERM')
  })
})
