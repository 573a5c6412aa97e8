/**
 * How the page is built: one script, one style sheet, under names that never change, so that the
 * committed build differs only where the source does. Addresses are relative: the page works behind
 * a path prefix too. Nothing is inlined, since the page is served with `default-src 'self'`.
 */
import { svelte } from '@sveltejs/vite-plugin-svelte'
import type { UserConfig } from 'vite'

const config: UserConfig = {
  base: './',
  plugins: [
    svelte({
      configFile: false,
      compilerOptions: {
        // By default the hash of the file's path, which is not the same in every checkout.
        cssHash: ({ hash, css }) => `w${hash(css)}`,
      },
    }),
  ],
  build: {
    target: 'es2022',
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
    cssTarget: ['chrome123', 'firefox120', 'safari17.5'],
    cssCodeSplit: false,
    reportCompressedSize: false,
    rolldownOptions: {
      output: {
        entryFileNames: 'app.js',
        assetFileNames: 'app[extname]',
      },
    },
  },
}

// Vite asks for a default export.
export default config
