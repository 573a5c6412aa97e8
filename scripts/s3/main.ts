/** `npm run s3`: an S3 server on this machine until Ctrl-C, without a container. */
import process from 'node:process'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { lastLinesOf } from '../watched.ts'
import type { S3Options, S3Server } from './server.ts'
import { startS3 } from './server.ts'

const HELP = `Runs an S3 server on 127.0.0.1 until Ctrl-C. The first time Go builds it, in minutes.

  npm run s3 [-- FLAGS]

  --port PORT      7070 if absent
  --data DIR       keeps the data there; without it, it is removed at the end
  --bucket NAME    makes a bucket; shop if absent
  --access-key ID --secret-key KEY
                   as clients name them; weir and weir-secret if absent
`
const PORT_MAX = 65_535
const POLL_MS = 500

process.exitCode = await main(process.argv.slice(2))

async function main(words: readonly string[]): Promise<number> {
  const interrupt = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => interrupt.abort())
  const options = parseOptions(words)
  if (options === null) {
    process.stderr.write(HELP)
    return words.includes('--help') ? 0 : 2
  }
  try {
    process.stderr.write('s3: starting …\n')
    const onBuild = (): void => {
      process.stderr.write('s3: building the server, once; this takes some minutes …\n')
    }
    await using server = await startS3({ ...options, onBuild, signal: interrupt.signal })
    process.stdout.write(toWelcome(server, options.buckets?.[0] ?? ''))
    await untilOver(server, interrupt.signal)
    process.stderr.write('s3: stopping …\n')
  } catch (error) {
    if (interrupt.signal.aborted) return 0
    process.stderr.write(`s3: ${error instanceof Error ? error.message : String(error)}\n`)
    return 1
  }
  process.stderr.write('s3: stopped\n')
  return 0
}

/** Null: what was typed makes no sense, or asks for help. */
function parseOptions(words: readonly string[]): S3Options | null {
  try {
    const { values } = parseArgs({
      args: [...words],
      options: {
        port: { type: 'string', default: '7070' },
        data: { type: 'string' },
        bucket: { type: 'string', default: 'shop' },
        'access-key': { type: 'string', default: 'weir' },
        'secret-key': { type: 'string', default: 'weir-secret' },
      },
    })
    const { port, data, bucket } = values
    const isPort = /^\d{1,5}$/.test(port) && Number(port) >= 1 && Number(port) <= PORT_MAX
    if (!isPort || !/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(bucket)) return null
    return {
      port: Number(port),
      buckets: [bucket],
      accessKeyId: values['access-key'],
      secretAccessKey: values['secret-key'],
      ...(data === undefined ? {} : { directory: data }),
    }
  } catch {
    return null
  }
}

function toWelcome({ access, directory }: S3Server, bucket: string): string {
  const { endpoint, accessKeyId, secretAccessKey } = access
  return [
    `s3: ready at ${endpoint}`,
    `s3: its buckets are in ${directory}`,
    's3: in another terminal:',
    `  export AWS_ACCESS_KEY_ID=${accessKeyId} AWS_SECRET_ACCESS_KEY=${secretAccessKey}`,
    `  export WEIR_S3_ENDPOINT=${endpoint} WEIR_S3_FORCE_PATH_STYLE=on`,
    `  weir serve --kafka 127.0.0.1:9092 --results s3://${bucket}/weir`,
    's3: Ctrl-C ends it',
    '',
  ].join('\n')
}

/** Resolves at Ctrl-C. Throws when the server has ended by itself. */
async function untilOver(server: S3Server, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    if (!server.isAlive) {
      throw new Error(`the server has ended; its last lines:\n${lastLinesOf(server.output)}`)
    }
    await sleep(POLL_MS, null, { signal }).catch(() => {})
  }
}
