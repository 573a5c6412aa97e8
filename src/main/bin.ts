#!/usr/bin/env node
/** The `weir` of the package: checks the Node that runs it, for older ones fail in obscure ways. */
const NODE_MAJOR_MIN = 24

const major = Number(process.versions.node.split('.')[0])
if (major < NODE_MAJOR_MIN) {
  process.stderr.write(
    `weir needs Node ${NODE_MAJOR_MIN} or newer, and this is ${process.version}.\n` +
      'On Linux npx and npm scripts bring their own; elsewhere install a newer one.\n',
  )
  process.exitCode = 2
} else {
  await import('./cli.ts')
}
