// Builds src/engine/scan/scanner.wasm, or the file given, from wasm/assembly. The result is
// committed, and test/wasm-build.test.ts compares it with a fresh build. The toolchain has a folder
// and a lockfile of its own, and is installed when it is missing: who only runs Weir needs none of
// it.
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'

const folder = fileURLToPath(new URL('../wasm', import.meta.url))
const built = fileURLToPath(new URL('../src/engine/scan/scanner.wasm', import.meta.url))
const target = resolve(process.argv[2] ?? built)

if (!isInstalled()) {
  process.stderr.write('weir: installing the toolchain of wasm/ (once) …\n')
  const flags = ['--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error']
  run('npm', ['ci', ...flags], { shell: process.platform === 'win32' })
}
run(process.execPath, ['node_modules/assemblyscript/bin/asc.js', '--outFile', target], {})

function isInstalled() {
  const path = `${folder}/node_modules/assemblyscript/package.json`
  const wanted = JSON.parse(readFileSync(`${folder}/package.json`, 'utf8')).devDependencies
  return (
    existsSync(path) && JSON.parse(readFileSync(path, 'utf8')).version === wanted.assemblyscript
  )
}

function run(command, words, options) {
  const stdio = ['ignore', 'ignore', 'inherit']
  const { status } = spawnSync(command, words, { cwd: folder, stdio, ...options })
  if (status !== 0) process.exit(status ?? 1)
}
