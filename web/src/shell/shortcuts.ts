/** Which key does what. A key does nothing while text is typed, or with Ctrl, Alt or Meta. */
import type { RoomName } from './route.ts'
import { ROOMS } from './route.ts'

export type Action =
  | { readonly kind: 'go'; readonly room: RoomName }
  | { readonly kind: 'help' | 'search' | 'next' | 'previous' | 'theme' }

export interface Shortcut {
  readonly keys: readonly string[]
  readonly does: string
}

/** All of them, for the help. */
export const SHORTCUTS: readonly Shortcut[] = [
  ...ROOMS.map(room => ({ keys: ['g', room.key], does: room.title })),
  { keys: ['/'], does: 'search, or the first field' },
  { keys: ['j'], does: 'next in a list' },
  { keys: ['k'], does: 'previous in a list' },
  { keys: ['p'], does: 'Live: pause, go on' },
  { keys: ['['], does: 'Overview: the day before' },
  { keys: [']'], does: 'Overview: the day after' },
  { keys: ['d'], does: 'light, dark, or as the system' },
  { keys: ['?'], does: 'this help' },
]

/** A `g` waits so long for the second key. */
const WAIT_MS = 1_500

export interface Pressed {
  readonly key: string
  readonly atMs: number
}

/** Keeps the `g` that was pressed before. null: the key means nothing. */
export function createShortcuts(): (pressed: Pressed) => Action | null {
  let goAtMs = Number.NEGATIVE_INFINITY
  return ({ key, atMs }) => {
    const isGoing = atMs - goAtMs <= WAIT_MS
    goAtMs = key === 'g' ? atMs : Number.NEGATIVE_INFINITY
    if (isGoing) {
      const room = ROOMS.find(one => one.key === key)
      if (room !== undefined) return { kind: 'go', room: room.name }
    }
    return PLAIN.get(key) ?? null
  }
}

const PLAIN: ReadonlyMap<string, Action> = new Map<string, Action>([
  ['?', { kind: 'help' }],
  ['/', { kind: 'search' }],
  ['j', { kind: 'next' }],
  ['k', { kind: 'previous' }],
  ['d', { kind: 'theme' }],
])
