// Builds what the package ships: dist/, anew, from src/ by tsc. The page and the scanner's module
// are built and committed.
import { spawnSync } from 'node:child_process'
import { chmodSync, copyFileSync, rmSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
// What an older build left behind must not be packed.
rmSync(`${root}/dist`, { recursive: true, force: true })
const tsc = `${root}/node_modules/typescript/bin/tsc`
const { status } = spawnSync(process.execPath, [tsc, '-p', 'tsconfig.build.json'], {
  cwd: root,
  stdio: 'inherit',
})
if (status !== 0) process.exit(status ?? 1)
const scanner = 'engine/scan/scanner.wasm'
copyFileSync(`${root}/src/${scanner}`, `${root}/dist/${scanner}`)
chmodSync(`${root}/dist/main/bin.js`, 0o755)
