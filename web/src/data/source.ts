/**
 * Whom the page asks: the server that it came from, or an API elsewhere that `config.json` beside
 * the page names. Such an API answers from the results place: it has no live stream, asks for a key
 * always, and each question is paid for, so it is asked less often.
 */
export interface Source {
  /** What stands before a path: '' or an address that ends in `/`. */
  readonly base: string
  readonly isRemote: boolean
  /** How long after a reading without a connection all is read again. */
  readonly pollMs: number
}

/** Before `weir serve` commits are half a second old; to a bucket they come every ten seconds. */
const POLL_MS = 3_000
const REMOTE_POLL_MS = 15_000
const CONFIG_PATH = 'config.json'

export const OWN_SOURCE: Source = { base: '', isRemote: false, pollMs: POLL_MS }

/** Whatever is wrong with the file, the page asks its own server: that one says what it lacks. */
export async function readSource(ask: (path: string) => Promise<Response>): Promise<Source> {
  try {
    const answer = await ask(CONFIG_PATH)
    return answer.ok ? parseSource(await answer.json()) : OWN_SOURCE
  } catch {
    return OWN_SOURCE
  }
}

/** `{ "api": "https://…" }`; null, or no such name: the page's own server. */
export function parseSource(json: unknown): Source {
  const api: unknown = typeof json === 'object' && json !== null && 'api' in json ? json.api : null
  if (typeof api !== 'string' || !/^https?:\/\/[^?#]+$/.test(api)) return OWN_SOURCE
  const base = api.endsWith('/') ? api : `${api}/`
  return { base, isRemote: true, pollMs: REMOTE_POLL_MS }
}
