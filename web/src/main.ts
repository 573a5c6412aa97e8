/** Starts the page: the browser's clock, network and frames come in here and nowhere else. */
import { mount } from 'svelte'
import App from './App.svelte'
import './app.css'
import type { Board } from './data/board.ts'
import { EMPTY_BOARD, METRIC_NAMES } from './data/board.ts'
import type { KeyPlace } from './data/client.ts'
import { createClient } from './data/client.ts'
import type { Feed, Listener, LiveEvent, Ports } from './data/feed.ts'
import { startFeed } from './data/feed.ts'
import { OWN_SOURCE, readSource } from './data/source.ts'
import { SOURCE } from './shell/context.ts'
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

// A page of a file or a frame has no server of its own to ask.
const source = location.protocol.startsWith('http')
  ? await readSource(path => fetch(path, { cache: 'no-store' }))
  : OWN_SOURCE

const client = createClient({
  fetch: (path, init) => fetch(source.base + path, init),
  key: createKeyPlace(),
  needsKey: source.isRemote,
  locked: () => locked(),
})

const ports: Ports = {
  get: path => client.get(path),
  listen: source.isRemote ? null : listen,
  pollMs: source.pollMs,
  isHidden: () => document.hidden,
  now: () => Date.now(),
  after: (delayMs, call) => {
    const timer = setTimeout(call, delayMs)
    return () => clearTimeout(timer)
  },
}

function listen(listener: Listener): () => void {
  return client.listen(`v1/live?metrics=${METRIC_NAMES.join(',')}`, {
    opened: () => listener.opened(),
    received: (name, data) => {
      const event = LIVE_EVENTS.find(one => one === name)
      if (event !== undefined) listener.received(event, data)
    },
    lost: () => listener.lost(),
  })
}

/** Starts the feed; however often the board changes, the page is drawn once a frame. */
function start(show: (board: Board) => void): Feed {
  let newest = EMPTY_BOARD
  let due = false
  const feed = startFeed(ports, board => {
    newest = board
    if (due) return
    due = true
    requestAnimationFrame(() => {
      due = false
      show(newest)
    })
  })
  document.addEventListener('visibilitychange', () => {
    if (!document.hidden) feed.look()
  })
  return feed
}

applyTheme(readTheme())

const target = document.querySelector('#app')
if (target !== null) {
  const onLocked = (call: () => void): void => {
    locked = call
  }
  const { origin } = location
  const context = new Map([[SOURCE, source]])
  mount(App, {
    target,
    context,
    props: { start, client, source, onLocked, now: ports.now, origin },
  })
}
