// Installs the dependencies of the folders that are named, but only where they are missing or older
// than the lockfile says. Without a name it is the root; `. infra` is the root and what is in AWS.
// Plain JavaScript that Node 20 runs: it is what brings Node 24 along.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const NODE_MAJOR_MIN = 24
const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const named = process.argv.slice(2)

for (const folder of named.length === 0 ? ['.'] : named) installIfStale(folder)
demandNode()

/** A stamp in node_modules says which lockfile, on which platform, it was installed from. */
function installIfStale(folder) {
  const directory = join(root, folder)
  const stampPath = join(directory, 'node_modules', '.weir-lock')
  const wanted = createHash('sha256')
    .update(readFileSync(join(directory, 'package-lock.json')))
    .update(`${process.platform}-${process.arch}`)
    .digest('hex')
  if (existsSync(stampPath) && readFileSync(stampPath, 'utf8') === wanted) return
  const place = folder === '.' ? '' : ` of ${folder}`
  process.stderr.write(`weir: installing dependencies${place} (once, some 15 seconds) …\n`)
  const done = spawnSync(
    'npm',
    ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'],
    {
      cwd: directory,
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

/** npm scripts find the Node that was installed before the machine's own. */
function demandNode() {
  const isNodeInstalled = existsSync(join(root, 'node_modules', '.bin', 'node'))
  if (isNodeInstalled || Number(process.versions.node.split('.')[0]) >= NODE_MAJOR_MIN) return
  process.stderr.write(
    `weir: needs Node ${NODE_MAJOR_MIN} or newer, and this is ${process.version}; ` +
      'for this platform npm brings none, so install one from nodejs.org\n',
  )
  process.exit(1)
}
