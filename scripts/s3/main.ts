/** `npm run s3`: an S3 server on this machine until Ctrl-C, without a container. */
import process from 'node:process'
import { parseArgs } from 'node:util'
import { runServerCommand } from '../server-command.ts'
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

const COMMAND = {
  name: 's3',
  help: HELP,
  parse: parseOptions,
  start: (options: S3Options, signal: AbortSignal): Promise<S3Server> => {
    const onBuild = (): void => {
      process.stderr.write('s3: building the server, once; this takes some minutes …\n')
    }
    return startS3({ ...options, onBuild, signal })
  },
  toWelcome,
  findEnd: ({ isAlive, output }: S3Server): string | null =>
    isAlive ? null : `the server has ended; its last lines:\n${lastLinesOf(output)}`,
}

process.exitCode = await runServerCommand(COMMAND, process.argv.slice(2))

function parseOptions(words: readonly string[]): S3Options | null {
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
}

function toWelcome({ access, directory }: S3Server, { buckets }: S3Options): readonly string[] {
  const { endpoint, accessKeyId, secretAccessKey } = access
  return [
    `ready at ${endpoint}`,
    `its buckets are in ${directory}`,
    'in another terminal:',
    `  export AWS_ACCESS_KEY_ID=${accessKeyId} AWS_SECRET_ACCESS_KEY=${secretAccessKey}`,
    `  export WEIR_S3_ENDPOINT=${endpoint} WEIR_S3_FORCE_PATH_STYLE=on`,
    `  weir serve --kafka 127.0.0.1:9092 --results s3://${buckets?.[0] ?? ''}/weir`,
    'Ctrl-C ends it',
  ]
}
