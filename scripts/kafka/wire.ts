/**
 * Whether a broker answers, asked in Kafka's protocol by hand. A broker's port is open long before
 * it can serve, and a client library would hide that behind retries.
 *
 * Requests and answers as in https://kafka.apache.org/protocol: ApiVersions 0 and Metadata 1, which
 * all brokers from 0.10 to 4.4 know.
 */
import { connect } from 'node:net'

const API_VERSIONS = { key: 18, version: 0, body: [] }
/** The body is an empty list of topics: the brokers only. */
const METADATA = { key: 3, version: 1, body: [0, 0, 0, 0] }
const ANSWER_MS_MAX = 1_000
const ANSWER_BYTES_MAX = 1_000_000

interface Request {
  readonly key: number
  readonly version: number
  readonly body: readonly number[]
}

/** The ids of the brokers that the one at 127.0.0.1:`port` knows to be alive; none: not ready. */
export async function askBrokerIds(port: number): Promise<readonly number[]> {
  try {
    const versions = await ask(port, API_VERSIONS)
    if (versions.readInt16BE(0) !== 0) return []
    return parseBrokerIds(await ask(port, METADATA))
  } catch {
    return []
  }
}

function parseBrokerIds(answer: Buffer): readonly number[] {
  const ids: number[] = []
  let at = 4
  for (let left = answer.readInt32BE(0); left > 0; left -= 1) {
    ids.push(answer.readInt32BE(at))
    const hostLength = answer.readInt16BE(at + 4)
    // After id and host: port, and the rack, whose length is -1 where there is none.
    const rackAt = at + 6 + hostLength + 4
    at = rackAt + 2 + Math.max(0, answer.readInt16BE(rackAt))
  }
  return ids
}

/** Gives what follows the header of the answer. */
function ask(port: number, { key, version, body }: Request): Promise<Buffer> {
  // Key, version, correlation id 0, no client id.
  const request = [0, key, 0, version, 0, 0, 0, 0, 0xff, 0xff, ...body]
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>()
  const socket = connect(port, '127.0.0.1')
  let answer = Buffer.alloc(0)
  socket.setTimeout(ANSWER_MS_MAX, () => socket.destroy(new Error('no answer')))
  socket.on('connect', () => socket.write(Buffer.from([0, 0, 0, request.length, ...request])))
  socket.on('data', chunk => {
    answer = Buffer.concat([answer, chunk])
    if (answer.length > ANSWER_BYTES_MAX) socket.destroy(new Error('no answer of a broker'))
    else if (answer.length >= 4 && answer.length >= 4 + answer.readInt32BE(0)) {
      resolve(answer.subarray(8))
      socket.destroy()
    }
  })
  socket.on('error', reject)
  socket.on('close', () => reject(new Error('closed')))
  return promise
}
