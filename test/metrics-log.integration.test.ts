/** WEIR_METRICS=emf: what processes that run apart write for CloudWatch, over a real broker. */
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { createPrefix, kafkaMissing, shareKafka } from './support/broker.ts'
import { createPlace } from './support/place.ts'
import type { WeirChild } from './support/process.ts'
import { runWeir, spawnCommand, spawnWeir, whenReady } from './support/process.ts'

const missing = kafkaMissing()
const isSkipped = missing !== null && process.env['CI'] !== 'true'
const SAMPLE = join(import.meta.dirname, '..', 'examples', 'sample-events.json')
const EMF = { WEIR_METRICS: 'emf' }
const POLL_MS = 50

/** What a process wrote, line by line, once it wrote something that begins as EMF does. */
async function linesOf(child: WeirChild): Promise<readonly string[]> {
  while (!child.stdout().includes('{"_aws":') || !child.stdout().endsWith('\n')) {
    if (child.gone.aborted) throw new Error(child.stderr())
    await sleep(POLL_MS)
  }
  return child.stdout().trimEnd().split('\n')
}

test('weir start tells of all that it does; without the setting, nothing', async () => {
  await using place = await createPlace()
  await using one = spawnWeir(join(place.directory, 'one'), EMF)
  await using other = spawnWeir(join(place.directory, 'other'))
  await Promise.all([whenReady(one), whenReady(other)])
  const lines = await linesOf(one)
  const [own] = lines.filter(line => line.startsWith('{')).map(line => JSON.parse(line))
  expect(own).toMatchObject({ Service: 'start', LagSeconds: 0, LedgerImbalance: 0 })
  expect(own.ResidentBytes).toBeGreaterThan(1e7)
  expect(other.stdout()).not.toContain('_aws')
})

describe.skipIf(isSkipped)(isSkipped ? `skipped: ${missing}` : 'over kafka', () => {
  test('a worker tells of its shards, a collector of itself', async () => {
    await using place = await createPlace()
    const prefix = createPrefix()
    const settings = {
      kafka: await shareKafka('kraft'),
      partitions: '2',
      'topic-prefix': prefix,
      'kafka-group': prefix,
      results: join(place.directory, 'results'),
    }
    const flags = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value])
    const open = (command: string): WeirChild =>
      spawnCommand(
        [command, '--port', '0', '--data', join(place.directory, command), ...flags],
        EMF,
      )
    await using collect = open('collect')
    await using digest = open('digest')
    await Promise.all([whenReady(collect), whenReady(digest)])
    const sent = await runWeir(['produce', SAMPLE, ...flags])
    expect(sent.how, sent.stderr).toBe('exit 0')

    const told = (await linesOf(digest)).map(line => JSON.parse(line))
    expect(told[0]).toMatchObject({ Service: 'digest', LagSeconds: 0, LedgerImbalance: 0 })
    expect(told[0].RetentionHours).toBeCloseTo(168, 0)
    expect(told[0].FreshnessSeconds).toBeGreaterThan(0)
    expect(told.map(line => line.Partition).filter(Boolean)).toEqual(['0', '1'])
    expect(told.map(line => line.Verdict).filter(Boolean)).toHaveLength(3)
    const [own, ...rest] = (await linesOf(collect)).map(line => JSON.parse(line))
    expect(own).toMatchObject({ Service: 'collect' })
    expect(own).not.toHaveProperty('LagSeconds')
    expect(rest).toEqual([])
  })
})
