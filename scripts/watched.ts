/**
 * A program as a process that never outlives us. We hold one end of a pipe, and a few lines of
 * sh beside the program hold the other: when we are gone, however that came, the pipe ends, and
 * they kill the program, and remove its directory if that is not to be kept.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync, readFileSync } from 'node:fs'
import type { Socket } from 'node:net'
import process from 'node:process'

export interface WatchedProgram {
  /** The program, and its words. */
  readonly command: readonly string[]
  /** Variables besides our own. */
  readonly environment?: { readonly [name: string]: string }
  /** The file that takes what it prints, after what is in it. */
  readonly output: string
  /** The directory to remove if we are killed; null: none. */
  readonly removed: string | null
}

export interface WatchedProcess {
  readonly pid: number
  readonly isAlive: boolean
  /** Sends the signal. Resolves when the process is gone, for signals that end one. */
  kill(signal: NodeJS.Signals): Promise<void>
}

/**
 * The shell becomes the program, so that the program's pid is the child's. `read` fails at the end
 * of the pipe; a line says that the program has ended by itself, and that nothing is to be done.
 * The pipe is not stdin, which Node closes when the program ends, before it could say so.
 */
const WATCHED = `
removed=$1; program=$$; shift
(
  read -r ended <&3 && exit 0
  kill -9 "$program"
  if [ -n "$removed" ]; then sleep 1; rm -rf "$removed"; fi
) &
exec "$@" 3<&-
`
const STAYING: readonly NodeJS.Signals[] = ['SIGSTOP', 'SIGCONT', 'SIGQUIT', 'SIGHUP']
const LINES_SHOWN = 20

export function startWatched(program: WatchedProgram): WatchedProcess {
  const { command, environment, output, removed } = program
  const file = openSync(output, 'a')
  const child = spawn('sh', ['-c', WATCHED, 'sh', removed ?? '', ...command], {
    stdio: ['ignore', file, file, 'pipe'],
    env: { ...process.env, ...environment },
    // Ctrl-C in a terminal is for us, who then end the program in our own order.
    detached: true,
  })
  closeSync(file)
  const pipe = child.stdio[3] as Socket
  pipe.on('error', () => {})
  const exit = once(child, 'exit').then(() => pipe.end('ended\n'))
  const isAlive = (): boolean => child.exitCode === null && child.signalCode === null
  return {
    pid: child.pid ?? 0,
    get isAlive() {
      return isAlive()
    },
    kill: async signal => {
      if (!isAlive()) return
      child.kill(signal)
      if (!STAYING.includes(signal)) await exit
    },
  }
}

/** The last lines of a file that a program printed to. */
export function lastLinesOf(path: string): string {
  return readFileSync(path, 'utf8').trimEnd().split('\n').slice(-LINES_SHOWN).join('\n')
}
