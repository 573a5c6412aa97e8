import { expect, test } from 'vitest'
import { loadConfig } from '../config/load.ts'
import { commitMsOf, lookMsOf, placeOf } from './place.ts'

async function configOf(
  flags: Record<string, string>,
  environment: Record<string, string> = {},
): Promise<Parameters<typeof placeOf>[0]> {
  const inputs = { flags, environment, configPath: null, workingDirectory: '/' }
  return { config: await loadConfig(inputs) }
}

test.each<[Record<string, string>, number, number]>([
  [{}, 500, 250],
  [{ results: '/mnt/weir' }, 500, 250],
  [{ results: '/mnt/weir', commitInterval: '3s' }, 3_000, 250],
  [{ results: 's3://shop/weir' }, 10_000, 2_000],
  [{ results: 's3://shop/weir', commitInterval: '1m' }, 60_000, 2_000],
  // Set to what the default is, and not left at it.
  [{ results: 's3://shop/weir', commitInterval: '200ms' }, 500, 2_000],
])('%o: commits every %i ms, and is looked at every %i', async (flags, commitMs, lookMs) => {
  const context = await configOf(flags)
  expect([commitMsOf(context), lookMsOf(context)]).toEqual([commitMs, lookMs])
})

test('a variable sets the interval as a flag does', async () => {
  const context = await configOf({ results: 's3://shop' }, { WEIR_COMMIT_INTERVAL: '2s' })
  expect(commitMsOf(context)).toBe(2_000)
})

test('what is no bucket, and no URL of a server, is refused when settings are read', async () => {
  await expect(configOf({ results: 'gs://shop' })).rejects.toThrow(/results \(flag --results\)/)
  await expect(configOf({ s3Endpoint: 'minio:9000' })).rejects.toThrow(/http:\/\/host:port/)
  expect(placeOf(await configOf({ data: '/srv/weir' }))).toBe('/srv/weir/results-place')
})
