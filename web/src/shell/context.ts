/** What every room gets: the way to the server, the clock, the board, and how to go elsewhere. */
import type { Board } from '../data/board.ts'
import type { Client } from '../data/client.ts'
import type { Change, RoomName } from './route.ts'

export interface RoomProps {
  readonly client: Client
  readonly now: () => number
  readonly board: Board
  readonly params: URLSearchParams
  /** Changes the parameters of this room in the URL. */
  readonly set: (change: Change) => void
  readonly go: (room: RoomName, params?: Change) => void
  /** Whether this process answers a route, as `GET /v1/live/events`; null: not known yet. */
  readonly can: (route: string) => boolean | null
  /** Asks for another key. */
  readonly askKey: () => void
}

/** Under this name parts find the `Source`, however deep they stand. */
export const SOURCE = 'source'
