/** The `weir` command: picks the command, its settings and the outside world, and runs it. */
import process from 'node:process'
import { AssertionFailure } from '../std/assert.ts'
import { createSystemClock } from '../std/clock.ts'
import { Fault, isFault } from '../std/fault.ts'
import { auditCommand } from './commands/audit.ts'
import { configCommand } from './commands/config.ts'
import { doctorCommand } from './commands/doctor.ts'
import { generateCommand } from './commands/generate.ts'
import { importCommand } from './commands/import.ts'
import { queryCommand } from './commands/query.ts'
import { startCommand } from './commands/start.ts'
import { tailCommand } from './commands/tail.ts'
import { loadConfig } from './config/load.ts'
import { SETTING_NAMES, toFlag } from './config/settings.ts'
import { createCrash } from './running/crash.ts'
import { VERSION } from './running/version.ts'
import type { Command } from './terminal/command.ts'
import { parseWords, toCommandHelp, toTwoColumns } from './terminal/command.ts'
import { createTerminal } from './terminal/terminal.ts'

const COMMANDS: readonly Command[] = [
  startCommand,
  importCommand,
  queryCommand,
  auditCommand,
  tailCommand,
  generateCommand,
  configCommand,
  doctorCommand,
]

const EXIT_FAILED = 1
const EXIT_USAGE = 2

/** Codes whose cause is what was typed or configured. */
const USAGE_CODES = ['USAGE', 'CONFIG_INVALID', 'QUERY_INVALID'] as const

const terminal = createTerminal(process.stdout, process.stderr)

try {
  process.exitCode = await main(process.argv.slice(2))
} catch (error) {
  if (error instanceof AssertionFailure) throw error
  process.exitCode = isFault(error, ...USAGE_CODES) ? EXIT_USAGE : EXIT_FAILED
  if (!isFault(error)) throw error
  terminal.talk(`weir: ${error.message} [${error.code}]`)
}

async function main(words: readonly string[]): Promise<number> {
  const [name, ...rest] = words
  if (name === '--version' || name === '-v') {
    terminal.print(VERSION)
    return 0
  }
  if (name === undefined || name === '--help' || name === '-h' || name === 'help') {
    terminal.print(toHelp())
    return name === undefined ? EXIT_USAGE : 0
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
  return await command.run({
    config,
    positionals,
    flag: text,
    isSet: flag => values[flag] === true,
    clock: createSystemClock(),
    terminal,
    signal: createInterrupt(),
    crash: createCrash(environment['WEIR_CRASH_AT']),
  })
}

/** Aborts at the first SIGINT or SIGTERM; a second one ends the process at once. */
function createInterrupt(): AbortSignal {
  const controller = new AbortController()
  const interrupt = (): void => {
    if (controller.signal.aborted) process.exit(130)
    controller.abort()
  }
  process.on('SIGINT', interrupt)
  process.on('SIGTERM', interrupt)
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
