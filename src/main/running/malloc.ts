/**
 * What glibc's malloc does with what is freed. It takes the largest buffer that was ever freed, up
 * to 32 MiB, for the measure of what it keeps, and gives each thread a heap of its own: a process
 * that reads files in large pieces, and counts in tables that grow, holds an eighth more than it
 * uses. Only the environment tells it otherwise, before a process begins (mallopt(3)), so the
 * process is replaced once by itself, in such an environment: same number, same arguments.
 */
import process from 'node:process'

/** Buffers from this size on go back to the system when they are freed. */
const GIVEN_BACK_BYTES_MIN = 128 * 1024
const TUNING: Readonly<Record<string, string>> = {
  MALLOC_ARENA_MAX: '2',
  MALLOC_MMAP_THRESHOLD_: String(GIVEN_BACK_BYTES_MIN),
}
const TUNED_BY = ['GLIBC_TUNABLES', 'LD_PRELOAD', ...Object.keys(TUNING)]

/**
 * Does not return where it replaces the process; that takes 40 ms. Does nothing where it was done,
 * where the environment says something of it already, and where there is no such malloc.
 */
export function giveFreedBuffersBack(): void {
  const { env, execArgv, execPath, platform } = process
  if (platform !== 'linux' || process.execve === undefined) return
  if (TUNED_BY.some(name => env[name] !== undefined)) return
  // A channel to the process that started this one would be lost.
  if (process.channel !== undefined) return
  process.execve(execPath, [execPath, ...execArgv, ...process.argv.slice(1)], { ...env, ...TUNING })
}
