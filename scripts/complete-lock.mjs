// Adds to package-lock.json what `npm install` leaves out of it: optional packages for platforms
// whose binaries the registry in use does not carry. Without them `npm ci` calls the lockfile out of
// step with package.json, on every platform. Run after each change of dependencies.
import { readFileSync, writeFileSync } from 'node:fs'

const OS = [
  'android',
  'darwin',
  'freebsd',
  'linux',
  'openharmony',
  'win32',
  'netbsd',
  'openbsd',
  'sunos',
  'aix',
  'wasm32',
]
const CPU = [
  'arm64',
  'x64',
  'ia32',
  'arm',
  'riscv64',
  's390x',
  'ppc64',
  'loong64',
  'mips64el',
  'wasm32',
]

const path = new URL('../package-lock.json', import.meta.url)
const lock = JSON.parse(readFileSync(path, 'utf8'))
let addedCount = 0
for (const entry of Object.values({ ...lock.packages })) {
  for (const [name, version] of Object.entries(entry.optionalDependencies ?? {})) {
    const key = `node_modules/${name}`
    if (lock.packages[key] !== undefined || !/^\d/.test(version)) continue
    const words = name.split(/[-/]/)
    const os = words.find(word => OS.includes(word))
    const cpu = words.find(word => CPU.includes(word))
    if (os === undefined || cpu === undefined) continue
    const libc = words.includes('musl') ? { libc: ['musl'] } : {}
    const dev = entry.dev ? { dev: true } : {}
    lock.packages[key] = { version, cpu: [cpu], ...dev, ...libc, optional: true, os: [os] }
    addedCount += 1
  }
}
lock.packages = Object.fromEntries(
  Object.entries(lock.packages).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)),
)
writeFileSync(path, `${JSON.stringify(lock, null, 2)}\n`)
process.stderr.write(`added ${addedCount} packages to package-lock.json\n`)
