/**
 * The product's config, as a function has it: settings by its variables, and beside its bundle the
 * shop's config, if it has one, as the bundling puts it there.
 */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { LoadedConfig } from '../../src/main/config/load.ts'
import { loadConfig } from '../../src/main/config/load.ts'

export interface FunctionPlace {
  readonly environment: { readonly [name: string]: string | undefined }
  /** Where the shop's config is, if it has one. */
  readonly directory: string
}

const CONFIG_FILE = 'weir.config.mjs'

/** `own`: variables of the function that are no settings. Throws CONFIG_INVALID. */
export async function loadFunctionConfig(
  { environment, directory }: FunctionPlace,
  own: readonly string[],
): Promise<LoadedConfig> {
  const settings = Object.entries(environment).filter(([name]) => !own.includes(name))
  const path = join(directory, CONFIG_FILE)
  return await loadConfig({
    flags: {},
    environment: Object.fromEntries(settings),
    configPath: existsSync(path) ? path : null,
    workingDirectory: directory,
  })
}
