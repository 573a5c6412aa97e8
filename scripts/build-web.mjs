// Builds the page of web/ into web/dist, or into the folder given. The result is committed, and
// test/web-build.test.ts compares it with a fresh build: nothing in it may depend on the machine.
import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

// Before vite is loaded: Svelte compiles another script for any other environment, such as 'test'.
process.env.NODE_ENV = 'production'

const { build } = await import('vite')
const root = fileURLToPath(new URL('../web', import.meta.url))
await build({
  root,
  configFile: resolve(root, 'vite.config.ts'),
  mode: 'production',
  logLevel: 'warn',
  build: { outDir: resolve(process.argv[2] ?? resolve(root, 'dist')), emptyOutDir: true },
})
