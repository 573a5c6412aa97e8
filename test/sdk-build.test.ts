/** The committed SDK is what its source builds, is small, and stands by itself. */
import { execFile } from 'node:child_process'
import { readdir, readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { gzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { createPlace } from './support/place.ts'

const ROOT = join(import.meta.dirname, '..')
const DIST = join(ROOT, 'sdk', 'dist')
const GZIPPED_BYTES_MAX = 3 * 1024

test('sdk/dist is what the source builds; if not: npm run build:sdk', async () => {
  await using place = await createPlace()
  const script = join(ROOT, 'scripts', 'build-sdk.mjs')
  await promisify(execFile)(process.execPath, [script, place.directory], { cwd: tmpdir() })
  const names = (await readdir(DIST)).sort()
  expect(names).toEqual(['sdk.js', 'sdk.mjs'])
  expect((await readdir(place.directory)).sort()).toEqual(names)
  for (const name of names) {
    const [built, committed] = await Promise.all([
      readFile(join(place.directory, name), 'utf8'),
      readFile(join(DIST, name), 'utf8'),
    ])
    expect(committed, name).toBe(built)
  }
})

test.each(['sdk.js', 'sdk.mjs'])('%s is at most 3 KiB gzipped, and loads nothing', async name => {
  const bytes = await readFile(join(DIST, name))
  expect(gzipSync(bytes).length).toBeLessThanOrEqual(GZIPPED_BYTES_MAX)
  expect(bytes.toString()).not.toMatch(/\bimport\b|https?:\/\/|eval\(|new Function|innerHTML/)
})
