// Installs the dependencies, but only when they are missing or older than the lockfile says.
// Plain JavaScript that Node 20 runs: it is what brings Node 24 along.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const stampPath = join(root, 'node_modules', '.weir-lock')
const wanted = createHash('sha256')
  .update(readFileSync(join(root, 'package-lock.json')))
  .update(`${process.platform}-${process.arch}`)
  .digest('hex')

const NODE_MAJOR_MIN = 24
const isFresh = existsSync(stampPath) && readFileSync(stampPath, 'utf8') === wanted
if (!isFresh) {
  process.stderr.write('weir: installing dependencies (once, some 15 seconds) …\n')
  const done = spawnSync(
    'npm',
    ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'],
    {
      cwd: root,
      stdio: ['ignore', 'ignore', 'inherit'],
      shell: process.platform === 'win32',
    },
  )
  if (done.status !== 0) {
    process.stderr.write('weir: npm ci failed; see above. Is the network there?\n')
    process.exit(1)
  }
  writeFileSync(stampPath, wanted)
}

// npm scripts find the Node that was installed before the machine's own.
const isNodeInstalled = existsSync(join(root, 'node_modules', '.bin', 'node'))
if (!isNodeInstalled && Number(process.versions.node.split('.')[0]) < NODE_MAJOR_MIN) {
  process.stderr.write(
    `weir: needs Node ${NODE_MAJOR_MIN} or newer, and this is ${process.version}; ` +
      'for this platform npm brings none, so install one from nodejs.org\n',
  )
  process.exit(1)
}
