/** What workers of a fleet take of their disks and of memory, looked at some times a second. */
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Fleet } from './fleet.ts'

export interface DiskWatch extends AsyncDisposable {
  /** The most that any worker's scratch had, in bytes. */
  readonly scratchMax: number
  /** The most memory that any worker had, in bytes. */
  readonly residentMax: number
}

const POLL_MS = 250
const KIB = 1_024

export function watchDisks(fleet: Pick<Fleet, 'workers'>): DiskWatch {
  let [scratchMax, residentMax] = [0, 0]
  const stop = new AbortController()
  const watching = (async () => {
    while (!stop.signal.aborted) {
      for (const { disk, pid } of fleet.workers) {
        scratchMax = Math.max(scratchMax, sizeOf(join(disk, 'scratch')))
        residentMax = Math.max(residentMax, residentBytesOf(pid))
      }
      await sleep(POLL_MS)
    }
  })()
  return {
    get scratchMax() {
      return scratchMax
    },
    get residentMax() {
      return residentMax
    },
    [Symbol.asyncDispose]: async () => {
      stop.abort()
      await watching
    },
  }
}

/** Files come and go meanwhile. */
function sizeOf(directory: string): number {
  try {
    const names = readdirSync(directory, { recursive: true }).map(String)
    return names.reduce((sum, name) => {
      const stat = statSync(join(directory, name), { throwIfNoEntry: false })
      return sum + (stat?.isFile() === true ? stat.size : 0)
    }, 0)
  } catch {
    return 0
  }
}

/** The peak since the process began; 0: it is gone. */
function residentBytesOf(pid: number): number {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8')
    return Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0) * KIB
  } catch {
    return 0
  }
}
