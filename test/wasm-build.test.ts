/** The committed scanner.wasm is what its source builds, and is small. */
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const COMMITTED = join(ROOT, 'src/engine/scan/scanner.wasm')
const BYTES_MAX = 16 * 1024
const INSTALL_MS_MAX = 120_000

/** CI installs what it lacks; elsewhere `npm run build:wasm` does, when it is asked to. */
const isCi = process.env['CI'] === 'true'
const isToolchainThere = existsSync(join(ROOT, 'wasm/node_modules/assemblyscript'))

test(
  'scanner.wasm is what its source builds; if not: npm run build:wasm',
  async context => {
    if (!isCi && !isToolchainThere) {
      context.skip('the toolchain of wasm/ is not installed: npm run build:wasm')
    }
    const folder = await mkdtemp(join(tmpdir(), 'weir-wasm-'))
    try {
      const file = join(folder, 'scanner.wasm')
      const script = join(ROOT, 'scripts/build-wasm.mjs')
      // From another folder: where it is built must not show in what is built.
      await promisify(execFile)(process.execPath, [script, file], { cwd: tmpdir() })
      expect(await readFile(file)).toEqual(await readFile(COMMITTED))
    } finally {
      await rm(folder, { recursive: true })
    }
  },
  INSTALL_MS_MAX,
)

test(`scanner.wasm is at most ${BYTES_MAX} bytes`, async () => {
  expect((await readFile(COMMITTED)).length).toBeLessThanOrEqual(BYTES_MAX)
})
