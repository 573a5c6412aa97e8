// Builds sdk/ into sdk/dist, or into the folder given: sdk.js for a script tag, sdk.mjs for import.
// The result is committed, and test/sdk-build.test.ts compares it with a fresh build.
import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

process.env.NODE_ENV = 'production'

const { build } = await import('vite')
const root = fileURLToPath(new URL('../sdk', import.meta.url))
const outDir = resolve(process.argv[2] ?? resolve(root, 'dist'))
// Comments of the bundler name files from here, wherever it is built.
process.chdir(root)
const parts = [
  { entry: 'src/snippet.ts', formats: ['iife'], fileName: () => 'sdk.js', name: 'weirSdk' },
  { entry: 'src/sdk.ts', formats: ['es'], fileName: () => 'sdk.mjs' },
]
for (const [index, { entry, ...lib }] of parts.entries()) {
  await build({
    root,
    configFile: false,
    mode: 'production',
    logLevel: 'warn',
    build: {
      lib: { ...lib, entry: resolve(root, entry) },
      outDir,
      emptyOutDir: index === 0,
      target: 'es2022',
      minify: true,
      rolldownOptions: { output: { minify: true } },
      reportCompressedSize: false,
    },
  })
}
