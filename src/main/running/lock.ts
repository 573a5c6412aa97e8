/** One process at a time, for what several would fill at once: a file holds the owner's pid. */
import { readFile, unlink, writeFile } from 'node:fs/promises'
import process from 'node:process'
import { setTimeout as sleep } from 'node:timers/promises'
import { systemCodeOf } from '../../std/fault.ts'

const POLL_MS = 100

/** Runs `action` while no other process holds the lock; a dead one's is taken over. */
export async function withLock(path: string, action: () => Promise<void>): Promise<void> {
  while (!(await takeLock(path))) await sleep(POLL_MS)
  try {
    await action()
  } finally {
    await unlink(path)
  }
}

async function takeLock(path: string): Promise<boolean> {
  try {
    await writeFile(path, String(process.pid), { flag: 'wx' })
    return true
  } catch {
    const owner = await readFile(path, 'utf8').catch(() => '')
    if (owner !== '' && !isAlive(Number(owner))) await unlink(path).catch(() => {})
    return false
  }
}

/** Whether a process of this machine lives, ours or another's. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return systemCodeOf(error) === 'EPERM'
  }
}
