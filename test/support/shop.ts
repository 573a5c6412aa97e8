/** A shop of another origin, with Weir and a browser: what sends from pages is tried so. */
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Browser } from 'playwright-core'
import { launchBrowser } from './browser.ts'
import { addKey } from './keys.ts'
import { createPlace } from './place.ts'
import type { WeirProcess } from './process.ts'
import { spawnWeir, whenReady } from './process.ts'

export interface Shop extends AsyncDisposable {
  readonly url: string
  readonly weir: WeirProcess
  readonly browser: Browser
  readonly keys: { readonly write: string; readonly read: string }
}

export interface ShopFile {
  readonly type: 'text/html' | 'text/javascript'
  readonly body: string | Buffer
}

/** `answer`: what the shop serves at a path; Weir takes what its pages send. */
export async function openShop(answer: (path: string, shop: Shop) => ShopFile): Promise<Shop> {
  await using stack = new AsyncDisposableStack()
  const { directory } = stack.use(await createPlace())
  const keys = { write: addKey(directory, ['write']), read: addKey(directory, ['read']) }
  const server = createServer((request, response) => {
    const { type, body } = answer(request.url ?? '/', shop)
    response.writeHead(200, { 'Content-Type': type }).end(body)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  stack.defer(() => {
    server.closeAllConnections()
    server.close()
  })
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const weir = await whenReady(spawnWeir(directory, {}, ['--origins-allowed', url]))
  stack.defer(async () => {
    await weir.kill()
  })
  const browser = stack.use(await launchBrowser())
  const owned = stack.move()
  const shop: Shop = {
    url,
    weir,
    browser,
    keys,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  }
  return shop
}
