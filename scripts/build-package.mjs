// Builds what the package ships: dist/, anew, from src/ by tsc, and the types of the SDK. The page,
// the SDK and the scanner's module are built and committed.
import { spawnSync } from 'node:child_process'
import { chmodSync, copyFileSync, rmSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
// What an older build left behind must not be packed.
rmSync(`${root}/dist`, { recursive: true, force: true })
const tsc = `${root}/node_modules/typescript/bin/tsc`
const compile = (...words) => {
  const done = spawnSync(process.execPath, [tsc, ...words], { cwd: root, stdio: 'inherit' })
  if (done.status !== 0) process.exit(done.status ?? 1)
}
compile('-p', 'tsconfig.build.json')
compile('-p', 'sdk/tsconfig.build.json')
const scanner = 'engine/scan/scanner.wasm'
copyFileSync(`${root}/src/${scanner}`, `${root}/dist/${scanner}`)
chmodSync(`${root}/dist/main/bin.js`, 0o755)
