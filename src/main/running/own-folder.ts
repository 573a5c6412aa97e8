/**
 * A folder of this process alone, in a directory where several may work. It bears the machine's
 * name and the process's id, so whoever starts next removes what processes that died have left.
 */
import { readdirSync, rmSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { isAlive } from './lock.ts'

/** The folder's path; it need not be there yet. */
export function openOwnFolder(parent: string): string {
  const prefix = `${hostname()}-`
  for (const name of namesIn(parent)) {
    const pid = name.startsWith(prefix) ? Number(name.slice(prefix.length)) : Number.NaN
    // One of our own id was before us.
    const isLeft = Number.isInteger(pid) && (pid === process.pid || !isAlive(pid))
    if (isLeft) rmSync(join(parent, name), { recursive: true, force: true })
  }
  return join(parent, `${prefix}${process.pid}`)
}

function namesIn(directory: string): readonly string[] {
  try {
    return readdirSync(directory)
  } catch {
    return []
  }
}
