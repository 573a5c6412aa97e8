/** What commands share that run a server of others on this machine until Ctrl-C. */
import process from 'node:process'
import { setTimeout as sleep } from 'node:timers/promises'

export interface ServerCommand<Options, Server extends AsyncDisposable> {
  /** Stands before what is said. */
  readonly name: string
  readonly help: string
  /** null: what was typed makes no sense, or asks for help. May throw for the same. */
  readonly parse: (words: readonly string[]) => Options | null
  readonly start: (options: Options, signal: AbortSignal) => Promise<Server>
  /** Lines; those that are indented are for copying. */
  readonly toWelcome: (server: Server, options: Options) => readonly string[]
  /** Why the server has ended by itself; null: it has not. */
  readonly findEnd: (server: Server) => string | null
}

const POLL_MS = 500

/** Gives the exit code. */
export async function runServerCommand<Options, Server extends AsyncDisposable>(
  command: ServerCommand<Options, Server>,
  words: readonly string[],
): Promise<number> {
  const say = (text: string): unknown => process.stderr.write(`${command.name}: ${text}\n`)
  const interrupt = new AbortController()
  const { signal } = interrupt
  for (const name of ['SIGINT', 'SIGTERM']) process.on(name, () => interrupt.abort())
  const options = tryParse(command, words)
  if (options === null) {
    process.stderr.write(command.help)
    return words.includes('--help') ? 0 : 2
  }
  try {
    say('starting …')
    await using server = await command.start(options, signal)
    for (const line of command.toWelcome(server, options)) {
      process.stdout.write(line.startsWith(' ') ? `${line}\n` : `${command.name}: ${line}\n`)
    }
    await untilOver(() => command.findEnd(server), signal)
    say('stopping …')
  } catch (error) {
    if (signal.aborted) return 0
    say(error instanceof Error ? error.message : String(error))
    return 1
  }
  say('stopped')
  return 0
}

function tryParse<Options>(
  { parse }: Pick<ServerCommand<Options, AsyncDisposable>, 'parse'>,
  words: readonly string[],
): Options | null {
  try {
    return parse(words)
  } catch {
    return null
  }
}

async function untilOver(findEnd: () => string | null, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    const why = findEnd()
    if (why !== null) throw new Error(why)
    await sleep(POLL_MS, null, { signal }).catch(() => {})
  }
}
