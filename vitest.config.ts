import type { ViteUserConfig } from 'vitest/config'

const config: ViteUserConfig = {
  test: {
    include: ['{src,test,web,scripts}/**/*.test.ts', '{src,test}/**/*.fuzz.ts'],
    // Two cores, and tests that start processes: files run two at a time.
    maxWorkers: 2,
    testTimeout: 30_000,
    hookTimeout: 60_000,
  },
}

export default config
