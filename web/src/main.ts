/** Starts the page: the browser's clock, network and frames come in here and nowhere else. */
import { mount } from 'svelte'
import App from './App.svelte'
import './app.css'
import type { Board } from './data/board.ts'
import { EMPTY_BOARD, METRIC_NAMES } from './data/board.ts'
import type { KeyPlace } from './data/client.ts'
import { createClient } from './data/client.ts'
import type { Feed, LiveEvent, Ports } from './data/feed.ts'
import { startFeed } from './data/feed.ts'
import { applyTheme, readTheme } from './shell/theme.ts'

const LIVE_EVENTS: readonly LiveEvent[] = ['result', 'stale', 'ledger', 'reset']
const KEY_NAME = 'weir.key'

let locked = (): void => {}

/** Where the browser forbids storage, a key lasts as long as the page. */
function createKeyPlace(): KeyPlace {
  let kept: string | null = null
  try {
    kept = sessionStorage.getItem(KEY_NAME)
  } catch {}
  return {
    get: () => kept,
    set: key => {
      kept = key
      try {
        if (key === null) sessionStorage.removeItem(KEY_NAME)
        else sessionStorage.setItem(KEY_NAME, key)
      } catch {}
    },
  }
}

const client = createClient({
  fetch: (path, init) => fetch(path, init),
  key: createKeyPlace(),
  locked: () => locked(),
})

const ports: Ports = {
  get: path => client.get(path),
  listen: listener =>
    client.listen(`v1/live?metrics=${METRIC_NAMES.join(',')}`, {
      opened: () => listener.opened(),
      received: (name, data) => {
        const event = LIVE_EVENTS.find(one => one === name)
        if (event !== undefined) listener.received(event, data)
      },
      lost: () => listener.lost(),
    }),
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

applyTheme(readTheme())

const target = document.querySelector('#app')
if (target !== null) {
  const onLocked = (call: () => void): void => {
    locked = call
  }
  const { origin } = location
  mount(App, { target, props: { start, client, onLocked, now: ports.now, origin } })
}
