/**
 * Where the page is: a room and what is asked in it, all of it in the fragment of the URL, so that a
 * reload or a shared link shows the same, behind any path prefix. The server never sees it.
 */

export interface Room {
  readonly name: RoomName
  readonly title: string
  /** Pressed after `g`. */
  readonly key: string
  readonly about: string
  /** The route that it cannot be without, as the contract names it. */
  readonly needs: string | null
}

export type RoomName =
  | 'overview'
  | 'explore'
  | 'live'
  | 'ledger'
  | 'quarantine'
  | 'trace'
  | 'health'

export const ROOMS: readonly Room[] = [
  {
    name: 'overview',
    title: 'Overview',
    key: 'o',
    about: 'the shop, as it is counted',
    needs: null,
  },
  { name: 'explore', title: 'Explore', key: 'e', about: 'any metric, any way', needs: null },
  { name: 'live', title: 'Live', key: 'l', about: 'events as they arrive', needs: 'GET /v1/tail' },
  { name: 'ledger', title: 'Ledger', key: 'a', about: 'where every record went', needs: null },
  {
    name: 'quarantine',
    title: 'Quarantine',
    key: 'q',
    about: 'what was refused, and its repair',
    needs: 'GET /v1/quarantine',
  },
  {
    name: 'trace',
    title: 'Trace',
    key: 't',
    about: 'what became of one event',
    needs: 'GET /v1/events/{event_id}',
  },
  {
    name: 'health',
    title: 'Health',
    key: 'h',
    about: 'how far, how fast, how full',
    needs: 'GET /metrics',
  },
]

export interface Route {
  readonly room: RoomName
  readonly params: URLSearchParams
}

/** A changed room, or changed parameters; null takes one away. */
export type Change = { readonly [name: string]: string | null }

/** Whether it can be filled, by what is served; null, or nothing: that is not known. */
export function isServed({ needs }: Room, routes: ReadonlySet<string> | null): boolean {
  return needs === null || routes === null || routes.size === 0 || routes.has(needs)
}

/** `#/explore?metric=sales`; what is no room is the overview. */
export function parseRoute(hash: string): Route {
  const [, name = '', query = ''] = /^#\/?([^?]*)\??(.*)$/s.exec(hash) ?? []
  const room = ROOMS.find(one => one.name === name)
  if (room === undefined) return { room: 'overview', params: new URLSearchParams() }
  return { room: room.name, params: new URLSearchParams(query) }
}

export function toHash(room: RoomName, params: URLSearchParams | Change = {}): string {
  const some = params instanceof URLSearchParams ? params : applyChange(null, params)
  const query = some.toString()
  return `#/${room}${query === '' ? '' : `?${query}`}`
}

/** The parameters after a change; those before are left as they are. */
export function applyChange(before: URLSearchParams | null, change: Change): URLSearchParams {
  const after = new URLSearchParams(before ?? undefined)
  for (const [name, value] of Object.entries(change)) {
    if (value === null || value === '') after.delete(name)
    else after.set(name, value)
  }
  return after
}
