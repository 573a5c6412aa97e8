/**
 * A process to be killed: tells how many steps there are, then commits known ones for ever
 * and tells each that is acknowledged. Started
 * with a directory, and a crash point and how often it passes it before it dies there.
 */
import { openDuckDbStore } from './duckdb.ts'
import { KNOWN_PLANS, KNOWN_SHARDS, knownStep } from './known-steps.ts'

const [directory = '', point = '', passes = '0'] = process.argv.slice(2)
let left = Number(passes)

await using store = await openDuckDbStore({
  directory,
  plans: KNOWN_PLANS,
  shards: KNOWN_SHARDS,
  compactAfterRows: 60,
  crash: reached => {
    if (reached !== point) return
    left -= 1
    if (left < 0) process.kill(process.pid, 'SIGKILL')
  },
})
let { sequence } = await store.load()
process.stdout.write(`${sequence}\n`)
for (;;) {
  await store.commit(knownStep(sequence))
  sequence += 1
  process.stdout.write(`${sequence}\n`)
}
