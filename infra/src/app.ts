/**
 * What `cdk` starts: settings of a file, and the shop's own config where there is one, become
 * templates. What is wrong with them is told in one line.
 */
import { existsSync, readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { App } from 'aws-cdk-lib'
import { loadConfig } from '../../src/main/config/load.ts'
import type { Catalog } from '../../src/model/catalog.ts'
import { Fault, messageOf } from '../../src/std/fault.ts'
import type { Settings } from './settings.ts'
import { parseSettings } from './settings.ts'
import { addStacks } from './weir.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const FILE_DEFAULT = fileURLToPath(new URL('../weir.aws.json', import.meta.url))

try {
  const app = new App()
  const settings = readSettings(process.env['WEIR_AWS_SETTINGS'] ?? null)
  addStacks(app, { settings, catalog: await readCatalog() })
  app.synth()
} catch (error) {
  if (!(error instanceof Fault)) throw error
  process.stderr.write(`weir: ${error.message} [${error.code}]\n`)
  process.exitCode = 2
}

/** null: the default file, which need not be there. Paths in it begin where it lies. */
function readSettings(named: string | null): Settings {
  const file = named ?? FILE_DEFAULT
  if (named === null && !existsSync(file)) return parseSettings({})
  const settings = parseSettings(readJson(file))
  const { keysFile } = settings
  return keysFile === null ? settings : { ...settings, keysFile: resolve(dirname(file), keysFile) }
}

function readJson(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, 'utf8'))
  } catch (error) {
    throw new Fault('FILE_UNREADABLE', `${file} cannot be read: ${messageOf(error)}`)
  }
}

/** Of the config that the image gets too: `weir.config.ts` at the root, where there is one. */
async function readCatalog(): Promise<Catalog> {
  const nothing = { flags: {}, environment: {}, configPath: null }
  const { catalog } = await loadConfig({ ...nothing, workingDirectory: ROOT })
  return catalog
}
