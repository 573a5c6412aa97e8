/**
 * V8's young heap, held at one of three sizes. What runs for months in little memory keeps it as
 * small as it begins, which `bin.ts` sees to; but under load a heap of two MiB is collected
 * hundreds of times a second, which took a third of the time of requests. So it grows when
 * collections take that much: once for a busy shop, and once more where each collection finds
 * hundreds of requests under way, and copies them.
 */
import { PerformanceObserver } from 'node:perf_hooks'
import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8'
import { MIB, SECOND_MS } from '../../std/units.ts'

interface Growth {
  /** What collections may take of a second before it. */
  readonly collectingMsMax: number
  /** It is done when the heap is so large. */
  readonly sizeBytesMin: number
}

/** At 1,000 events a second it stays as it is; some ten thousand requests make it grow twice. */
const GROWTHS: readonly Growth[] = [
  { collectingMsMax: 200, sizeBytesMin: 12 * MIB },
  { collectingMsMax: 80, sizeBytesMin: 96 * MIB },
]
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
      timer = repeat(SECOND_MS, () => {
        if (collectingMs >= growth.collectingMsMax) grow(growth)
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
