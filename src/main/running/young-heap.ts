/**
 * V8's young heap, held at one of two sizes. Left alone it grows to 128 MiB and stays there; as
 * small as it begins, which `bin.ts` sees to, answers of a thousand rows do not fit into it: what
 * they are made of is taken for old, and the old heap collected every few answers, for 30 ms. So it
 * grows to the smaller size at once, and to the larger one when collections take much of the time:
 * where each finds hundreds of requests under way, and copies them.
 */
import { PerformanceObserver } from 'node:perf_hooks'
import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8'
import { MIB, SECOND_MS } from '../../std/units.ts'

const SIZE_BYTES_MIN: number = 12 * MIB
const BUSY_SIZE_BYTES_MIN: number = 96 * MIB
/** Some ten thousand requests a second take more, a reader who asks without a pause half of it. */
const BUSY_SHARE_MIN = 0.08
/** Long enough that a burst alone makes nothing grow. */
const WATCH_MS = 3 * SECOND_MS
/** V8 sees need, and takes this step. */
const FACTOR = 8
const LOOK_MS = 20

/** Keeps it small until it is needed larger. Ends by itself, and keeps no process alive. */
export function growYoungHeap(): Disposable {
  let timer: NodeJS.Timeout | undefined
  let collectingMs = 0
  const observer = new PerformanceObserver(list => {
    for (const { duration } of list.getEntries()) collectingMs += duration
  })
  const growTo = (sizeBytesMin: number, next: () => void): void => {
    setFlagsFromString(`--semi-space-growth-factor=${FACTOR}`)
    timer = repeat(LOOK_MS, () => {
      if (sizeOfYoungHeap() < sizeBytesMin) return
      stop()
      next()
    })
  }
  const watch = (): void => {
    observer.observe({ entryTypes: ['gc'] })
    timer = repeat(WATCH_MS, () => {
      const isBusy = collectingMs >= BUSY_SHARE_MIN * WATCH_MS
      collectingMs = 0
      if (isBusy) growBusy()
    })
  }
  const growBusy = (): void => {
    clearInterval(timer)
    observer.disconnect()
    // The old heap is V8's own affair from now on, too.
    setFlagsFromString('--heap-growing-percent=0')
    growTo(BUSY_SIZE_BYTES_MIN, () => {})
  }
  const stop = (): void => {
    clearInterval(timer)
    setFlagsFromString('--semi-space-growth-factor=1')
  }
  growTo(SIZE_BYTES_MIN, watch)
  return {
    [Symbol.dispose]: () => {
      stop()
      observer.disconnect()
    },
  }
}

function repeat(everyMs: number, look: () => void): NodeJS.Timeout {
  return setInterval(look, everyMs).unref()
}

function sizeOfYoungHeap(): number {
  const space = getHeapSpaceStatistics().find(({ space_name }) => space_name === 'new_space')
  return space?.space_size ?? 0
}
