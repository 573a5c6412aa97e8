/** Server-sent events (WHATWG HTML, section 9.2) read from text that comes in pieces. */

/** One event would fill the page's memory beyond this; the hub's ring holds 8 MiB in all. */
export const EVENT_SIZE_MAX: number = 32 * 1024 * 1024

export type ReadText = (piece: string) => void

/** Calls `tell` for each whole event. Throws RangeError for one larger than EVENT_SIZE_MAX. */
export function createEventReader(tell: (event: string, data: string) => void): ReadText {
  let event = ''
  let data: string[] = []
  const readLine = (line: string): void => {
    if (line === '') {
      if (data.length > 0) tell(event === '' ? 'message' : event, data.join('\n'))
      event = ''
      data = []
      return
    }
    const colon = line.indexOf(':')
    const name = colon === -1 ? line : line.slice(0, colon)
    const value = colon === -1 ? '' : line.slice(colon + 1).replace(/^ /, '')
    if (name === 'event') event = value
    else if (name === 'data') data.push(value)
  }
  return createLineReader(readLine)
}

/** Calls `tell` for each line, without its end: LF, CR or both. */
export function createLineReader(tell: (line: string) => void): ReadText {
  let pieces: string[] = []
  let size = 0
  let endedWithCr = false
  return piece => {
    const text = endedWithCr && piece.startsWith('\n') ? piece.slice(1) : piece
    if (piece !== '') endedWithCr = piece.endsWith('\r')
    const lines = text.split(/\r\n|\r|\n/)
    const last = lines.pop() ?? ''
    for (const line of lines) {
      tell(pieces.join('') + line)
      pieces = []
      size = 0
    }
    if (last === '') return
    size += last.length
    if (size > EVENT_SIZE_MAX) throw new RangeError('a line of the stream is too long')
    pieces.push(last)
  }
}
