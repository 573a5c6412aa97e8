#!/usr/bin/env node
/**
 * What people start: checks the Node that runs it, for older ones fail in obscure ways, and sets
 * that Node up before anything is loaded.
 */
const NODE_MAJOR_MIN = 24
/** Those that run for months, or hold much. */
const LARGE_COMMANDS = ['collect', 'digest', 'import', 'rebuild', 'serve', 'start']

const major = Number(process.versions.node.split('.')[0])
if (major < NODE_MAJOR_MIN) {
  process.stderr.write(
    `weir needs Node ${NODE_MAJOR_MIN} or newer, and this is ${process.version}.\n` +
      'On Linux npx and npm scripts bring their own; elsewhere install a newer one.\n',
  )
  process.exitCode = 2
} else {
  const command = process.argv[2] ?? ''
  if (LARGE_COMMANDS.includes(command)) {
    const { replaceProcess } = await import('./running/replace-process.ts')
    replaceProcess()
  }
  const { enableCompileCache } = await import('node:module')
  const { setFlagsFromString } = await import('node:v8')
  // A start is twice as quick with it, and the checkout's types are stripped only once.
  enableCompileCache()
  // What runs for months keeps V8's heap small until load asks for more (running/young-heap.ts):
  // left alone its young part grows to 128 MiB and stays there, and garbage doubles its old part.
  if (command === 'start') {
    setFlagsFromString('--semi-space-growth-factor=1')
    setFlagsFromString('--heap-growing-percent=20')
  }
  await import('./cli.ts')
}
