/**
 * versitygw, an S3 server in one program, as Go's module proxy gives it: built once into
 * ~/.cache/weir, outside the tree. Of the free ones tried it is the one that lets exactly one of
 * many conditional puts win, and that checks signatures and checksums. Nothing of it is shipped.
 */
import { execFile, spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import process from 'node:process'
import { promisify } from 'node:util'
import { withLock } from '../../src/main/running/lock.ts'
import { CACHE } from '../../src/main/spark/jars.ts'

const VERSION = '1.8.0'
const MODULE = `github.com/versity/versitygw/cmd/versitygw@v${VERSION}`
const FOLDER = join(CACHE, `versitygw-${VERSION}`)
const PROGRAM = join(FOLDER, 'versitygw')
/** From here on a Go fetches the newer one that the module asks for. */
const GO_MINOR_MIN = 21
/** Three minutes of work on an idle machine of two cores, with all that it needs. */
const BUILD_MS_MAX = 900_000
const run = promisify(execFile)

/** Why there is no S3 server to be had, with what to install; null: there is one. */
export function gatewayMissing(): string | null {
  if (existsSync(PROGRAM) || findGo() !== null) return null
  return `go 1.${GO_MINOR_MIN} or newer is missing: install Go, which builds the S3 server once`
}

/** What a system brings is on the path; where Go's own archive is unpacked, it often is not. */
function findGo(): string | null {
  const places = ['go', '/usr/local/go/bin/go']
  const isNewEnough = (go: string): boolean => {
    const { stdout } = spawnSync(go, ['version'], { encoding: 'utf8' })
    return Number(/go1\.(\d+)/.exec(stdout ?? '')?.[1] ?? 0) >= GO_MINOR_MIN
  }
  return places.find(isNewEnough) ?? null
}

/** The program, which is built if this machine has it not; that takes minutes. */
export async function resolveGateway(onBuild: () => void = () => {}): Promise<string> {
  if (existsSync(PROGRAM)) return PROGRAM
  const go = findGo()
  if (go === null) throw new Error(gatewayMissing() ?? '')
  await mkdir(CACHE, { recursive: true })
  await withLock(join(CACHE, 'go.lock'), async () => {
    if (existsSync(PROGRAM)) return
    onBuild()
    await build(go)
  })
  return PROGRAM
}

async function build(go: string): Promise<void> {
  const partial = `${FOLDER}.${process.pid}.partial`
  try {
    const env = { ...process.env, GOBIN: partial, GOTOOLCHAIN: 'auto' }
    await run(go, ['install', MODULE], { env, timeout: BUILD_MS_MAX })
    await rename(partial, FOLDER)
  } catch (error) {
    const { stderr = '', message = '' } = error as { stderr?: string; message?: string }
    const why = stderr.trimEnd().split('\n').at(-1) || message
    throw new Error(`versitygw was not built; is the network there? ${why}`, { cause: error })
  } finally {
    await rm(partial, { recursive: true, force: true })
  }
}
