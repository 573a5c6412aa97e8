/**
 * V8's young heap, held between two sizes. What runs for months in little memory keeps it as small
 * as it begins, which `bin.ts` sees to; but under load a heap of two MiB is collected hundreds of
 * times a second, which took a third of the time of requests. So it grows once, when collections
 * take that much, and not to the 64 MiB and more that V8 would take.
 */
import { PerformanceObserver } from 'node:perf_hooks'
import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8'
import { MIB, SECOND_MS } from '../../std/units.ts'

/** What collections may take of a second: of 1,000 events it is less, of ten thousand more. */
const COLLECTING_MS_MAX = 200
/** It grows eightfold at once, as V8 sees need, and then no more. */
const GROWTH = 8
const LARGE_BYTES: number = 12 * MIB
const LOOK_MS = 20

/** Keeps it small until it is needed larger. Ends by itself, and keeps no process alive. */
export function growYoungHeapOnce(): Disposable {
  let collectingMs = 0
  const observer = new PerformanceObserver(list => {
    for (const { duration } of list.getEntries()) collectingMs += duration
  })
  observer.observe({ entryTypes: ['gc'] })
  let timer = setInterval(() => {
    if (collectingMs < COLLECTING_MS_MAX) collectingMs = 0
    else grow()
  }, SECOND_MS).unref()
  const end = (): void => {
    observer.disconnect()
    clearInterval(timer)
    setFlagsFromString('--semi-space-growth-factor=1')
  }
  const grow = (): void => {
    observer.disconnect()
    clearInterval(timer)
    setFlagsFromString(`--semi-space-growth-factor=${GROWTH}`)
    timer = setInterval(() => {
      if (sizeOfYoungHeap() >= LARGE_BYTES) end()
    }, LOOK_MS).unref()
  }
  return { [Symbol.dispose]: end }
}

function sizeOfYoungHeap(): number {
  const space = getHeapSpaceStatistics().find(({ space_name }) => space_name === 'new_space')
  return space?.space_size ?? 0
}
