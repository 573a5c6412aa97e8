import { resolve } from 'node:path'
import { Fault } from '../../std/fault.ts'
import { generateFile } from '../../synthetic/synthetic.ts'
import type { Command } from '../terminal/command.ts'

const EVENTS_MAX = 1_000_000_000

export const generateCommand: Command = {
  name: 'generate',
  about: 'writes a file of synthetic events, as NDJSON',
  positionals: ['FILE'],
  flags: { events: { value: 'N', about: 'how many (100000)' } },
  settings: ['seed'],
  examples: ['weir generate events.ndjson', 'weir generate big.ndjson --events 2000000 --seed 7'],
  run: async ({ config, positionals, flag, clock, terminal, signal }) => {
    const path = resolve(positionals[0] ?? '')
    const text = flag('events') ?? '100000'
    const eventCount = /^\d{1,10}$/.test(text) ? Number(text) : 0
    if (eventCount < 1 || eventCount > EVENTS_MAX) {
      throw new Fault('USAGE', `--events is '${text}', not a whole number 1..${EVENTS_MAX}`)
    }
    const startedMs = clock.monotonic()
    await generateFile({ path, events: eventCount, seed: config.settings.seed, signal })
    if (signal.aborted) return 130
    const seconds = (clock.monotonic() - startedMs) / 1000
    terminal.talk(`wrote ${eventCount} events to ${path} in ${seconds.toFixed(1)} s`)
    return 0
  },
}
