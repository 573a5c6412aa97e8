/** A Java program as a process that never outlives us. */
import type { WatchedProcess, WatchedProgram } from '../watched.ts'
import { startWatched } from '../watched.ts'

export interface JavaProgram extends Omit<WatchedProgram, 'command' | 'environment'> {
  readonly classPath: string
  readonly mainClass: string
  readonly words: readonly string[]
  /** Flags of the JVM. */
  readonly flags: readonly string[]
}

export type JavaProcess = WatchedProcess

export function startJava(program: JavaProgram): JavaProcess {
  const { classPath, mainClass, words, flags, output, removed } = program
  const command = ['java', ...flags, '-cp', classPath, mainClass, ...words]
  return startWatched({ command, output, removed })
}
