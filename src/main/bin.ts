#!/usr/bin/env node
/**
 * What people start: checks the Node that runs it, for older ones fail in obscure ways, and sets
 * that Node up before anything is loaded.
 */
const NODE_MAJOR_MIN = 24

const major = Number(process.versions.node.split('.')[0])
if (major < NODE_MAJOR_MIN) {
  process.stderr.write(
    `weir needs Node ${NODE_MAJOR_MIN} or newer, and this is ${process.version}.\n` +
      'On Linux npx and npm scripts bring their own; elsewhere install a newer one.\n',
  )
  process.exitCode = 2
} else {
  const { enableCompileCache } = await import('node:module')
  const { setFlagsFromString } = await import('node:v8')
  // A start is twice as quick with it, and the checkout's types are stripped only once.
  enableCompileCache()
  // What runs for months keeps V8's young heap as small as it begins, until load asks for more
  // (running/young-heap.ts): left alone it grows to 128 MiB and stays there.
  if (process.argv[2] === 'start') setFlagsFromString('--semi-space-growth-factor=1')
  await import('./cli.ts')
}
