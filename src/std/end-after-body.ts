/** An answer that is given while its request still comes. */
import type { IncomingMessage, ServerResponse } from 'node:http'

/**
 * Ends a response once the body of its request has come, or `bytesMax` of it: closing a connection
 * whose peer still sends makes it lose the answer. The server's request timeout bounds the time.
 */
export function endAfterBody(
  request: IncomingMessage,
  response: ServerResponse,
  bytesMax: number,
): void {
  let size = 0
  const end = (): void => {
    response.end()
  }
  request.on('data', (chunk: Uint8Array) => {
    size += chunk.length
    if (size > bytesMax) end()
  })
  for (const name of ['error', 'end', 'close']) request.on(name, end)
}
