/**
 * The live page's files. They are few and small, so all are read at start and served from memory:
 * no path of a request ever reaches the file system, and none can climb out of the directory.
 */
import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { extname, join, relative, sep } from 'node:path'
import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import { Fault, systemCodeOf } from '../../std/fault.ts'
import { MIB, toSizeText } from '../../std/units.ts'

export interface Page {
  readonly type: string
  readonly bytes: Buffer
  /** null: it would not be smaller. */
  readonly gzipped: Buffer | null
  readonly tag: string
  /** Its name changes with its content. */
  readonly isHashed: boolean
  /** Pages of any origin may load it. */
  readonly isShared: boolean
}

/** By URL path; `/` is index.html. */
export type Pages = ReadonlyMap<string, Page>

const PAGES_BYTES_MAX = 32 * MIB
const TYPES: ReadonlyMap<string, string> = new Map([
  ['.html', 'text/html; charset=utf-8'],
  ['.js', 'text/javascript; charset=utf-8'],
  ['.mjs', 'text/javascript; charset=utf-8'],
  ['.css', 'text/css; charset=utf-8'],
  ['.json', 'application/json'],
  ['.svg', 'image/svg+xml'],
  ['.png', 'image/png'],
  ['.ico', 'image/x-icon'],
  ['.txt', 'text/plain; charset=utf-8'],
  ['.woff2', 'font/woff2'],
])
/** As Vite names what it builds: `index-Bx3_k9Qa.js`. */
const HASHED_NAME = /^\/assets\/.+-[A-Za-z0-9_-]{8}\.\w+$/
const SECURITY_HEADERS = {
  'Content-Security-Policy':
    "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; " +
    "form-action 'none'; frame-ancestors 'none'",
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Referrer-Policy': 'no-referrer',
  'X-Content-Type-Options': 'nosniff',
}

const SHARED_HEADERS = {
  'Access-Control-Allow-Origin': '*',
  'Cache-Control': 'public, max-age=3600',
  'Cross-Origin-Resource-Policy': 'cross-origin',
}

const gzipAsync = promisify(gzip)

/**
 * Reads a directory; one that is missing holds no pages. Links are not followed. Throws
 * FILE_UNREADABLE for one that cannot be read, or is too large to be the page.
 */
export async function readPages(
  directory: string,
  isShared: 'shared' | 'own' = 'own',
): Promise<Pages> {
  const pages = new Map<string, Page>()
  let size = 0
  for (const file of await listFiles(directory)) {
    const bytes = await readFile(file)
    size += bytes.length
    if (size > PAGES_BYTES_MAX) {
      const bound = toSizeText(PAGES_BYTES_MAX)
      throw new Fault('FILE_UNREADABLE', `${directory} holds more than ${bound}; is it the page?`)
    }
    const path = `/${relative(directory, file).split(sep).join('/')}`
    const page = { ...(await toPage(path, bytes)), isShared: isShared === 'shared' }
    pages.set(path, page)
    if (path === '/index.html') pages.set('/', page)
  }
  return pages
}

async function listFiles(directory: string): Promise<readonly string[]> {
  try {
    const entries = await readdir(directory, { recursive: true, withFileTypes: true })
    return entries.filter(entry => entry.isFile()).map(entry => join(entry.parentPath, entry.name))
  } catch (cause) {
    if (systemCodeOf(cause) === 'ENOENT') return []
    throw new Fault('FILE_UNREADABLE', `${directory} cannot be read`, { cause })
  }
}

async function toPage(path: string, bytes: Buffer): Promise<Omit<Page, 'isShared'>> {
  const gzipped = await gzipAsync(bytes)
  return {
    type: TYPES.get(extname(path)) ?? 'application/octet-stream',
    bytes,
    gzipped: gzipped.length < bytes.length ? gzipped : null,
    tag: `"${createHash('sha256').update(bytes).digest('base64url').slice(0, 22)}"`,
    isHashed: HASHED_NAME.test(path),
  }
}

/** Answers GET or HEAD of a page. */
export function sendPage(page: Page, request: IncomingMessage, response: ServerResponse): void {
  const headers = {
    ...SECURITY_HEADERS,
    'Cache-Control': page.isHashed ? 'public, max-age=31536000, immutable' : 'no-cache',
    ETag: page.tag,
    Vary: 'Accept-Encoding',
    ...(page.isShared ? SHARED_HEADERS : {}),
  }
  if (request.headers['if-none-match']?.includes(page.tag)) {
    response.writeHead(304, headers).end()
    return
  }
  const accepted = String(request.headers['accept-encoding'] ?? '')
  const gzipped = /\bgzip\b/.test(accepted) ? page.gzipped : null
  const bytes = gzipped ?? page.bytes
  const encoding = gzipped === null ? {} : { 'Content-Encoding': 'gzip' }
  const length = { 'Content-Type': page.type, 'Content-Length': bytes.length }
  response.writeHead(200, { ...headers, ...encoding, ...length })
  response.end(request.method === 'HEAD' ? undefined : bytes)
}
