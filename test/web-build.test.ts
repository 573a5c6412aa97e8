/** The committed page is what its source builds, is small, and loads nothing from anywhere else. */
import { execFile } from 'node:child_process'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const DIST = join(ROOT, 'web/dist')
const GZIPPED_BYTES_MAX = 100 * 1024
/** Names of XML vocabularies, and a page that an error message of Svelte points at. */
const ADDRESSES_THAT_ARE_NEVER_FETCHED = /^https?:\/\/(www\.w3\.org|svelte\.dev)\//

const readFolder = async (folder: string): Promise<ReadonlyMap<string, Buffer>> => {
  const names = (await readdir(folder)).sort()
  const files = names.map(async name => [name, await readFile(join(folder, name))] as const)
  return new Map(await Promise.all(files))
}

let folder = ''
let built: ReadonlyMap<string, Buffer> = new Map()
let committed: ReadonlyMap<string, Buffer> = new Map()

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'weir-web-'))
  const script = join(ROOT, 'scripts/build-web.mjs')
  // From another folder: where it is built must not show in what is built.
  await promisify(execFile)(process.execPath, [script, folder], { cwd: tmpdir() })
  built = await readFolder(folder)
  committed = await readFolder(DIST)
})

afterAll(() => rm(folder, { recursive: true, force: true }))

describe('web/dist', () => {
  test('is what the source builds; if not: node scripts/build-web.mjs', () => {
    const names = ['app.css', 'app.js', 'config.json', 'favicon.svg', 'index.html']
    expect([...committed.keys()]).toEqual(names)
    expect([...built.keys()]).toEqual([...committed.keys()])
    const changed = [...built].filter(([name, bytes]) => !committed.get(name)?.equals(bytes))
    expect(changed.map(([name]) => name)).toEqual([])
  })

  test(`is at most ${GZIPPED_BYTES_MAX} bytes gzipped`, () => {
    const sizes = [...committed.values()].map(bytes => gzipSync(bytes).length)
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThanOrEqual(GZIPPED_BYTES_MAX)
  })

  test('names no other host', () => {
    const addresses = [...committed.values()].flatMap(
      bytes => bytes.toString().match(/(https?:)?\/\/[a-z0-9-]+(\.[a-z0-9-]+)+[^\s"'`)]*/gi) ?? [],
    )
    expect(addresses.filter(url => !ADDRESSES_THAT_ARE_NEVER_FETCHED.test(url))).toEqual([])
    expect(committed.get('app.css')?.toString()).not.toMatch(/@import|url\(/)
  })

  test("keeps to default-src 'self': no inline script, no inline style, no eval", () => {
    const html = committed.get('index.html')?.toString() ?? ''
    expect(html.match(/<script\b/g)).toHaveLength(1)
    expect(html).toMatch(/<script [^>]*\bsrc="\.\/app\.js"[^>]*><\/script>/)
    expect(html).not.toMatch(/<style\b|\sstyle=|\son[a-z]+=|javascript:/i)
    // What is put into templates is parsed as HTML, where a style attribute is inline too.
    const script = committed.get('app.js')?.toString() ?? ''
    expect(script).not.toMatch(/<[a-z]+ [^<>`]*\bstyle="|\beval\(|new Function\(/)
  })
})

test('no component puts markup of others into the page', async () => {
  const parts = await readdir(join(ROOT, 'web/src'), { recursive: true })
  const components = parts.filter(name => name.endsWith('.svelte'))
  expect(components.length).toBeGreaterThan(5)
  for (const name of components) {
    const source = await readFile(join(ROOT, 'web/src', name), 'utf8')
    expect(source, name).not.toMatch(/\{@html|innerHTML|\sstyle="/)
  }
})
