/**
 * V8's young heap, held at one of three sizes. What runs for months in little memory keeps it as
 * small as it begins, which `bin.ts` sees to; but under load a heap of two MiB is collected
 * hundreds of times a second, which took a third of the time of requests. So it grows when
 * collections take much of the time: once for a busy shop, and once more where each collection
 * finds hundreds of requests under way, and copies them.
 */
import { PerformanceObserver } from 'node:perf_hooks'
import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8'
import { MIB, SECOND_MS } from '../../std/units.ts'

interface Growth {
  /** What share of the time collections may take before it. */
  readonly shareMax: number
  /** It is done when the heap is so large. */
  readonly sizeBytesMin: number
}

/**
 * 1,000 events a second take some 0.015, and it stays as it is; a reader who asks without a pause
 * takes 0.08, and makes it grow once; some ten thousand requests a second make it grow twice.
 */
const GROWTHS: readonly Growth[] = [
  { shareMax: 0.05, sizeBytesMin: 12 * MIB },
  { shareMax: 0.08, sizeBytesMin: 96 * MIB },
]
/** Long enough that a burst alone makes nothing grow. */
const WATCH_MS = 3 * SECOND_MS
/** V8 sees need, and takes this step. */
const FACTOR = 8
const LOOK_MS = 20

/** Keeps it small until it is needed larger. Ends by itself, and keeps no process alive. */
export function growYoungHeap(): Disposable {
  const growths = GROWTHS.values()
  let timer: NodeJS.Timeout | undefined
  let collectingMs = 0
  const observer = new PerformanceObserver(list => {
    for (const { duration } of list.getEntries()) collectingMs += duration
  })
  observer.observe({ entryTypes: ['gc'] })
  const watch = (growth: Growth | undefined): void => {
    collectingMs = 0
    if (growth === undefined) observer.disconnect()
    else {
      timer = repeat(WATCH_MS, () => {
        if (collectingMs >= growth.shareMax * WATCH_MS) grow(growth)
        collectingMs = 0
      })
    }
  }
  const grow = ({ sizeBytesMin }: Growth): void => {
    clearInterval(timer)
    // The old heap is V8's own affair from now on, too.
    setFlagsFromString('--heap-growing-percent=0')
    setFlagsFromString(`--semi-space-growth-factor=${FACTOR}`)
    timer = repeat(LOOK_MS, () => {
      if (sizeOfYoungHeap() < sizeBytesMin) return
      stop()
      watch(growths.next().value)
    })
  }
  const stop = (): void => {
    clearInterval(timer)
    setFlagsFromString('--semi-space-growth-factor=1')
  }
  watch(growths.next().value)
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
