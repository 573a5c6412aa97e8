/** The page's files as a distribution serves them: with its headers, and a config.json of ours. */
import { readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { extname, join } from 'node:path'

export interface PageHost extends AsyncDisposable {
  readonly origin: string
  /** What it serves from now on. */
  show(options: Shown): void
}

export interface Shown {
  readonly config: unknown
  readonly headers: Readonly<Record<string, string>>
}

const PAGE = join(import.meta.dirname, '../../../web/dist')
const TYPES: Readonly<Record<string, string>> = {
  '.css': 'text/css',
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.svg': 'image/svg+xml',
}

export async function openPageHost(): Promise<PageHost> {
  let shown: Shown = { config: {}, headers: {} }
  const read = async (path: string): Promise<readonly [string, string | Buffer]> => {
    if (path === '/config.json') return ['application/json', JSON.stringify(shown.config)]
    const name = path === '/' ? '/index.html' : path
    return [TYPES[extname(name)] ?? 'text/plain', await readFile(join(PAGE, name))]
  }
  const server = createServer((request, response) => {
    read(new URL(request.url ?? '/', 'http://page').pathname).then(
      ([type, bytes]) =>
        response.writeHead(200, { 'Content-Type': type, ...shown.headers }).end(bytes),
      () => response.writeHead(404).end(),
    )
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    origin: `http://127.0.0.1:${port}`,
    show: options => {
      shown = options
    },
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      await new Promise(resolve => server.close(resolve))
    },
  }
}
