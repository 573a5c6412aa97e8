/**
 * What is settled before a process begins, so that it is replaced once by itself to be told: same
 * number, same arguments.
 *
 * Of glibc's malloc, what it does with what is freed, which only the environment tells
 * (mallopt(3)). It takes the largest buffer that was ever freed, up to 32 MiB, for the measure of
 * what it keeps, and gives each thread a heap of its own: a process that reads files in large
 * pieces, and counts in tables that grow, holds an eighth more than it uses.
 *
 * Of Node's own code, that it lies in pages of 2 MiB (`--use-largepages`). A request passes through
 * so much of it that a core whose caches are shared with others looks up the small pages again and
 * again: single requests took a tenth longer in such minutes. It takes 7 MiB.
 */
import process from 'node:process'

/** Buffers from this size on go back to the system when they are freed. */
const GIVEN_BACK_BYTES_MIN = 128 * 1024
const TUNING: Readonly<Record<string, string>> = {
  MALLOC_ARENA_MAX: '2',
  MALLOC_MMAP_THRESHOLD_: String(GIVEN_BACK_BYTES_MIN),
}
const TUNED_BY = ['GLIBC_TUNABLES', 'LD_PRELOAD', ...Object.keys(TUNING)]
/** Says nothing where the system has no such pages. */
const LARGE_PAGES = '--use-largepages=silent'

/**
 * Does not return where it replaces the process; that takes 40 ms. Does nothing where it was done,
 * where the environment says something of malloc already, and where there is no such malloc.
 */
export function replaceProcess(): void {
  const { argv, env, execArgv, execPath, platform } = process
  if (platform !== 'linux' || process.execve === undefined) return
  if (TUNED_BY.some(name => env[name] !== undefined)) return
  // A channel to the process that started this one would be lost.
  if (process.channel !== undefined) return
  const words = [execPath, ...execArgv, LARGE_PAGES, ...argv.slice(1)]
  process.execve(execPath, words, { ...env, ...TUNING })
}
