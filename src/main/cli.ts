/** The `weir` command: picks the command, its settings and the outside world, and runs it. */
import process from 'node:process'
import { AssertionFailure } from '../std/assert.ts'
import type { Clock } from '../std/clock.ts'
import { createSystemClock } from '../std/clock.ts'
import { Fault, isFault, systemCodeOf } from '../std/fault.ts'
import { COMMANDS } from './commands/commands.ts'
import { loadConfig } from './config/load.ts'
import { SETTING_NAMES, toFlag } from './config/settings.ts'
import { createCrash } from './running/crash.ts'
import { VERSION } from './running/version.ts'
import type { Command } from './terminal/command.ts'
import { parseWords, toCommandHelp, toTwoColumns } from './terminal/command.ts'
import { createTerminal, toSafeText } from './terminal/terminal.ts'

const EXIT_FAILED = 1
const EXIT_USAGE = 2
const EXIT_INTERRUPTED = 130
const ECHO_MS_MAX = 500

/** Codes whose cause is what was typed or configured. */
const USAGE_CODES = ['USAGE', 'CONFIG_INVALID', 'QUERY_INVALID'] as const

const terminal = createTerminal(process.stdout, process.stderr)

try {
  process.exitCode = await main(process.argv.slice(2))
} catch (error) {
  if (error instanceof AssertionFailure) throw error
  process.exitCode = isFault(error, ...USAGE_CODES) ? EXIT_USAGE : EXIT_FAILED
  if (!isFault(error)) throw error
  // One line, whatever a message quotes.
  const message = toSafeText(error.message.replaceAll(/\s*\n\s*/g, ' '))
  terminal.talk(`weir: ${message} [${error.code}]`)
}

async function main(words: readonly string[]): Promise<number> {
  const [name, ...rest] = words
  if (name === '--version' || name === '-v') {
    terminal.print(VERSION)
    return 0
  }
  if (name === undefined) {
    terminal.talk(toHelp())
    return EXIT_USAGE
  }
  if (name === '--help' || name === '-h' || name === 'help') {
    terminal.print(toHelp())
    return 0
  }
  const command = COMMANDS.find(candidate => candidate.name === name)
  if (command === undefined) {
    const known = COMMANDS.map(candidate => candidate.name).join(', ')
    throw new Fault('USAGE', `'${name}' is no command; there are: ${known}`)
  }
  return await runCommand(command, rest)
}

async function runCommand(command: Command, words: readonly string[]): Promise<number> {
  const { positionals, values } = parseWords(command, words)
  if (values['help'] === true) {
    terminal.print(toCommandHelp(command))
    return 0
  }
  const text = (name: string): string | undefined => {
    const value = values[name]
    return typeof value === 'string' ? value : undefined
  }
  const environment = process.env
  const config = await loadConfig({
    flags: Object.fromEntries(SETTING_NAMES.map(name => [name, text(toFlag(name).slice(2))])),
    environment,
    configPath: text('config') ?? environment['WEIR_CONFIG'] ?? null,
    workingDirectory: process.cwd(),
  })
  const clock = createSystemClock()
  const signal = createInterrupt(clock)
  const crash = createCrash(environment['WEIR_CRASH_AT'])
  const isSet = (flag: string): boolean => values[flag] === true
  try {
    return await command.run({
      config,
      positionals,
      flag: text,
      flags: name => {
        const value = values[name]
        return Array.isArray(value) ? value : []
      },
      isSet,
      clock,
      terminal,
      signal,
      crash,
    })
  } catch (error) {
    if (signal.aborted && isAbort(error)) return EXIT_INTERRUPTED
    throw error
  }
}

/** Whether it is what a wait throws that was called off. */
function isAbort(error: unknown): boolean {
  return error instanceof Error && error.name === 'AbortError'
}

/**
 * Aborts at the first SIGINT or SIGTERM; a second one ends the process at once. One that comes
 * right after is the same Ctrl-C: a terminal tells it to all processes, and npm tells it again.
 */
function createInterrupt(clock: Clock): AbortSignal {
  const controller = new AbortController()
  let firstMs = 0
  const interrupt = (): void => {
    if (!controller.signal.aborted) firstMs = clock.monotonic()
    else if (clock.monotonic() - firstMs > ECHO_MS_MAX) process.exit(EXIT_INTERRUPTED)
    controller.abort()
  }
  process.on('SIGINT', interrupt)
  process.on('SIGTERM', interrupt)
  // Whoever read the output is gone, as after `weir tail | head`.
  process.stdout.on('error', error => {
    if (systemCodeOf(error) !== 'EPIPE') throw error
    controller.abort()
  })
  return controller.signal
}

function toHelp(): string {
  return [
    'Weir counts what happens in a shop, as it happens, and the numbers add up.',
    '',
    '  weir COMMAND [flags]',
    '',
    'Commands',
    ...toTwoColumns(COMMANDS.map(command => [command.name, command.about])),
    '',
    'weir COMMAND --help tells more. Without a running weir, commands open the data themselves.',
  ].join('\n')
}
