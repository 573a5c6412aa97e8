/** The function of a shop that has a config; as a deployment bundles it, but from anywhere. */
import { copyFile } from 'node:fs/promises'
import { join } from 'node:path'
import { build } from 'esbuild'

const INFRA = join(import.meta.dirname, '..', '..')
const ROOT = join(INFRA, '..')
/** What the SDK asks for by `require`, as a module of CommonJS. */
const REQUIRE =
  "import { createRequire } from 'module';const require=createRequire(import.meta.url);"

/** Puts all that the function is into a directory. `config`: the path of a weir.config.ts. */
export async function bundleRuns(directory: string, config: string): Promise<void> {
  const options = {
    bundle: true,
    platform: 'node',
    target: 'node24',
    format: 'esm',
    banner: { js: REQUIRE },
    alias: { weir: join(ROOT, 'src', 'index.ts') },
    logLevel: 'error',
  } as const
  const entry = join(INFRA, 'lambda', 'runs', 'handler.ts')
  await build({ ...options, entryPoints: [entry], outfile: join(directory, 'index.mjs') })
  await build({ ...options, entryPoints: [config], outfile: join(directory, 'weir.config.mjs') })
  await copyFile(join(ROOT, 'spark', 'job.py'), join(directory, 'job.py'))
}
