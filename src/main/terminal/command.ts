/** What a command of the CLI is, and how its words are read. */
import { parseArgs } from 'node:util'
import type { Clock } from '../../std/clock.ts'
import { Fault, messageOf } from '../../std/fault.ts'
import type { LoadedConfig } from '../config/load.ts'
import type { SettingName } from '../config/settings.ts'
import { SETTING_NAMES, SETTINGS, toFlag } from '../config/settings.ts'

export interface Flag {
  /** A flag without a value; else what its value is called in help. */
  readonly value: string | null
  readonly about: string
  /** It may be given more than once. */
  readonly isMultiple?: boolean
}

export interface Command {
  readonly name: string
  readonly about: string
  /** What comes after the name, as in help: `FILE`; one that may be left out as `[FILE]`. */
  readonly positionals: readonly string[]
  readonly flags: { readonly [name: string]: Flag }
  /** Settings that matter to it, shown first in its help; all are accepted. */
  readonly settings: readonly SettingName[]
  readonly examples: readonly string[]
  /** Resolves to the exit code: 0 done, 1 failed, 2 wrong usage, 130 interrupted. */
  run(context: CommandContext): Promise<number>
}

export interface CommandContext {
  readonly config: LoadedConfig
  readonly positionals: readonly string[]
  /** The value of a flag of the command; undefined where it was not given. */
  readonly flag: (name: string) => string | undefined
  /** All values of a flag that may be given more than once. */
  readonly flags: (name: string) => readonly string[]
  readonly isSet: (name: string) => boolean
  readonly clock: Clock
  readonly terminal: Terminal
  /** Aborts at the first SIGINT or SIGTERM. */
  readonly signal: AbortSignal
  /** Kills the process where WEIR_CRASH_AT says so; for tests. */
  readonly crash: (point: string) => void
}

/** stdout is for data, stderr for talk. */
export interface Terminal {
  readonly print: (line: string) => void
  readonly talk: (line: string) => void
  /** Overwrites the last line of talk on a TTY; elsewhere does nothing. */
  readonly progress: (line: string | null) => void
}

export interface ParsedWords {
  readonly positionals: readonly string[]
  readonly values: { readonly [name: string]: string | boolean | string[] | undefined }
}

/** As `parseArgs` takes them. */
interface Option {
  readonly type: 'string' | 'boolean'
  readonly short?: string
  readonly multiple?: boolean
}

/** Reads the words after a command's name. Throws USAGE naming the word at fault. */
export function parseWords(command: Command, words: readonly string[]): ParsedWords {
  const options: Record<string, Option> = {
    help: { type: 'boolean', short: 'h' },
    config: { type: 'string' },
  }
  for (const name of SETTING_NAMES) options[toFlag(name).slice(2)] = { type: 'string' }
  for (const [name, flag] of Object.entries(command.flags)) {
    const multiple = flag.isMultiple === true
    options[name] = { type: flag.value === null ? 'boolean' : 'string', multiple }
  }
  let parsed: ReturnType<typeof parseArgs>
  try {
    parsed = parseArgs({ args: [...words], options, allowPositionals: true, strict: true })
  } catch (cause) {
    const [message] = messageOf(cause).split('. ')
    throw new Fault(
      'USAGE',
      `weir ${command.name}: ${lowerFirst(message ?? '')}; see weir ${command.name} --help`,
    )
  }
  const values = parsed.values as ParsedWords['values']
  if (values['help'] !== true) assertPositionals(command, parsed.positionals)
  return { positionals: parsed.positionals, values }
}

function assertPositionals(command: Command, given: readonly string[]): void {
  const { positionals, name } = command
  const least = positionals.filter(positional => !positional.startsWith('[')).length
  if (given.length >= least && given.length <= positionals.length) return
  const wanted = positionals.length === 0 ? 'no argument' : positionals.join(' ')
  const got = given.length === 0 ? 'none' : `'${given.join(' ')}'`
  throw new Fault('USAGE', `weir ${name} takes ${wanted}, and got ${got}; see weir ${name} --help`)
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1)
}

/** The help of one command. */
export function toCommandHelp(command: Command): string {
  const usage = ['weir', command.name, ...command.positionals, '[flags]'].join(' ')
  const flags: [string, string][] = Object.entries(command.flags).map(([name, flag]) => [
    flag.value === null ? `--${name}` : `--${name} ${flag.value}`,
    flag.about,
  ])
  const settings: [string, string][] = command.settings.map(name => [
    `${toFlag(name)} VALUE`,
    `${SETTINGS[name].about} (${SETTINGS[name].default || "''"})`,
  ])
  return [
    `${command.about}`,
    '',
    `  ${usage}`,
    '',
    'Flags',
    ...toTwoColumns([...flags, ...settings, ['--config FILE', 'config to use (./weir.config.ts)']]),
    '',
    'Every setting of `weir config` is a flag too.',
    '',
    'Examples',
    ...command.examples.map(example => `  ${example}`),
  ].join('\n')
}

/** Lines of pairs, the second of each aligned. */
export function toTwoColumns(pairs: readonly (readonly [string, string])[]): readonly string[] {
  const width = Math.max(...pairs.map(([left]) => left.length))
  return pairs.map(([left, right]) => `  ${left.padEnd(width)}  ${right}`)
}
