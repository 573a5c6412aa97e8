/** Free ports of loopback, for servers that are killed and started again on the same one. */
import { randomInt } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:net'

/**
 * Below those from which systems take a port for an outgoing connection (32768 on Linux): one of
 * these could be taken while its broker is down, or by a client that calls it, even for itself.
 */
const PORT_MIN = 20_000
const PORT_MAX = 32_000

/** `count` different ports that were free a moment ago. */
export async function findFreePorts(count: number): Promise<readonly number[]> {
  const ports = new Set<number>()
  while (ports.size < count) {
    const port = randomInt(PORT_MIN, PORT_MAX)
    if (await isFree(port)) ports.add(port)
  }
  return [...ports]
}

export async function isFree(port: number): Promise<boolean> {
  const server = createServer()
  try {
    server.listen(port, '127.0.0.1')
    await once(server, 'listening')
    server.close()
    await once(server, 'close')
    return true
  } catch {
    return false
  }
}
