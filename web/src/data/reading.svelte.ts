/**
 * One question of a room, asked anew when what it is made of changes, and again every while; never
 * while the page is hidden. What is known stays until the next answer is there.
 */
import { untrack } from 'svelte'
import { toProblem } from './client.ts'
import type { Problem } from './wire.ts'

export interface Reading<T> {
  /** null: nothing is known. */
  readonly value: T | null
  /** Why the newest question had no answer; null: it had one. */
  readonly problem: Problem | null
  readonly isBusy: boolean
  reload(): void
}

export interface ReadingOptions<T> {
  /** What is asked is made anew when a state that it reads here changes; null: nothing. */
  readonly ask: () => ((signal: AbortSignal) => Promise<T>) | null
  /** null, or absent: only when something changes. */
  readonly everyMs?: number | null
}

/** Is called while a component is made, and ends with it. */
export function createReading<T>({ ask, everyMs = null }: ReadingOptions<T>): Reading<T> {
  let value = $state.raw<T | null>(null)
  let problem = $state.raw<Problem | null>(null)
  let isBusy = $state(false)
  let turn = $state(0)

  $effect(() => {
    void turn
    const read = ask()
    const end = new AbortController()
    let timer = 0
    let isFirst = true
    const run = async (): Promise<void> => {
      if (read === null) return
      isBusy = true
      try {
        const answer = await read(end.signal)
        if (end.signal.aborted) return
        value = answer
        problem = null
      } catch (error) {
        if (end.signal.aborted) return
        if (isFirst) value = null // it answered another question
        problem = toProblem(error)
      }
      isFirst = false
      isBusy = false
      if (everyMs !== null) timer = window.setTimeout(again, everyMs)
    }
    const again = (): void => {
      if (document.hidden) timer = window.setTimeout(again, everyMs ?? 0)
      else void run()
    }
    untrack(() => void run())
    return () => {
      end.abort()
      clearTimeout(timer)
    }
  })

  return {
    get value() {
      return value
    },
    get problem() {
      return problem
    },
    get isBusy() {
      return isBusy
    },
    reload: () => {
      turn += 1
    },
  }
}
