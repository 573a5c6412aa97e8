/** Starts the page: the browser's clock, network and frames come in here and nowhere else. */
import { mount } from 'svelte'
import App from './App.svelte'
import './app.css'
import type { Board } from './data/board.ts'
import { EMPTY_BOARD, METRIC_NAMES } from './data/board.ts'
import type { Feed, LiveEvent, Ports } from './data/feed.ts'
import { startFeed } from './data/feed.ts'
import { parseProblem } from './data/wire.ts'

const ANSWER_MS_MAX = 10_000
const LIVE_EVENTS: readonly LiveEvent[] = ['result', 'stale', 'ledger', 'rejects', 'reset']

const ports: Ports = {
  get: async path => {
    const signal = AbortSignal.timeout(ANSWER_MS_MAX)
    const answer = await fetch(path, { signal }).catch(() => null)
    if (answer === null) throw new Error('the server does not answer')
    if (answer.ok) return answer.json()
    throw new Error(parseProblem(await answer.json().catch(() => null), answer.status))
  },
  listen: listener => {
    const source = new EventSource(`v1/live?metrics=${METRIC_NAMES.join(',')}`)
    source.onopen = () => listener.opened()
    source.onerror = () => listener.lost()
    for (const event of LIVE_EVENTS) {
      source.addEventListener(event, told => listener.received(event, String(told.data)))
    }
    return () => source.close()
  },
  now: () => Date.now(),
  after: (delayMs, call) => {
    const timer = setTimeout(call, delayMs)
    return () => clearTimeout(timer)
  },
}

/** Starts the feed; however often the board changes, the page is drawn once a frame. */
function start(show: (board: Board) => void): Feed {
  let newest = EMPTY_BOARD
  let due = false
  return startFeed(ports, board => {
    newest = board
    if (due) return
    due = true
    requestAnimationFrame(() => {
      due = false
      show(newest)
    })
  })
}

const target = document.querySelector('#app')
if (target !== null) {
  mount(App, { target, props: { start, now: ports.now, origin: location.origin } })
}
