import type { ViteUserConfig } from 'vitest/config'
import { createTallyReporter } from './test/support/reporter.ts'

const tally = createTallyReporter(line => process.stdout.write(line))

const config: ViteUserConfig = {
  test: {
    include: [
      '{src,test,web,scripts}/**/*.test.ts',
      '{src,test}/**/*.fuzz.ts',
      'infra/{src,lambda,test}/**/*.test.ts',
    ],
    globalSetup: ['test/support/broker-setup.ts', 'test/support/s3-setup.ts'],
    reporters: ['default', tally],
    // Two cores, and tests that start processes: files run two at a time, and may find others there.
    maxWorkers: 2,
    testTimeout: 90_000,
    hookTimeout: 60_000,
  },
}

export default config
