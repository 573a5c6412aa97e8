/**
 * The package as a user gets it: packed, installed in an empty folder, run, its types checked. On a
 * machine with an older Node too: on Linux the package brings its own.
 */
import type { ChildProcess } from 'node:child_process'
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Place } from './support/place.ts'
import { createPlace } from './support/place.ts'
import { waitUntilDigested } from './support/process.ts'

const run = promisify(execFile)
const ROOT = join(import.meta.dirname, '..')
const INSTALL_MS_MAX = 300_000
const STEP_MS_MAX = 60_000
const VERSION = (JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as Package).version
const QUIET = ['--no-audit', '--no-fund', '--loglevel=error']

interface Package {
  readonly version: string
}

/** As in a user's shell: nothing of the npm that runs this test, nothing of this checkout. */
const environment: NodeJS.ProcessEnv = {
  ...Object.fromEntries(
    Object.entries(process.env).filter(
      ([name]) =>
        !/^(npm_(lifecycle|package|command|execpath|config_local)|WEIR_|VITEST)/.test(name),
    ),
  ),
  PATH: (process.env['PATH'] ?? '')
    .split(delimiter)
    .filter(folder => !folder.includes('node_modules'))
    .join(delimiter),
  NO_COLOR: '1',
}

let place: Place
let folder = ''

beforeAll(async () => {
  place = await createPlace()
  folder = place.directory
  await run('npm', ['pack', '--pack-destination', folder, ...QUIET], { cwd: ROOT })
  writeFileSync(join(folder, 'package.json'), '{ "private": true, "type": "module" }\n')
  const tarball = `weir-${VERSION}.tgz`
  const flags = ['--ignore-scripts', '--prefer-offline', ...QUIET]
  await run('npm', ['install', ...flags, tarball], { cwd: folder, env: environment })
}, INSTALL_MS_MAX)

afterAll(() => place[Symbol.asyncDispose]())

async function weir(...words: readonly string[]): Promise<{ stdout: string; stderr: string }> {
  return await run('npx', ['--no-install', 'weir', ...words], { cwd: folder, env: environment })
}

test('what ships is the program, its page, its docs: no tests, no sources', () => {
  const shipped = join(folder, 'node_modules', 'weir')
  const files = readdirSync(shipped, { recursive: true, encoding: 'utf8' })
  const odd = files.filter(
    file => /\.(test|fuzz|contract|bench)\./.test(file) || (file.endsWith('.ts') && isSource(file)),
  )
  expect(odd).toEqual([])
  expect(files).toEqual(
    expect.arrayContaining(['dist/index.js', 'dist/index.d.ts', 'dist/main/bin.js', 'LICENSE']),
  )
  expect(existsSync(join(shipped, 'dist', 'engine', 'scan', 'scanner.wasm'))).toBe(true)
  expect(existsSync(join(shipped, 'web', 'dist', 'index.html'))).toBe(true)
})

function isSource(file: string): boolean {
  return !file.endsWith('.d.ts') && !file.startsWith('examples/')
}

test.skipIf(process.platform !== 'linux')(
  'npx and npm scripts run it on the Node that it brings',
  { timeout: STEP_MS_MAX },
  async () => {
    const { stdout } = await run('npx', ['--no-install', 'node', '--version'], {
      cwd: folder,
      env: environment,
    })
    expect(stdout).toMatch(/^v24\./)
    expect((await weir('--version')).stdout.trim()).toBe(VERSION)
  },
)

test('an older Node is told what to do, not shown a stack', { timeout: STEP_MS_MAX }, async () => {
  const bin = join(folder, 'node_modules', 'weir', 'dist', 'main', 'bin.js')
  const pretend = "Object.defineProperty(process, 'versions', { value: { node: '20.1.0' } })"
  const preload = `data:text/javascript,${encodeURIComponent(pretend)}`
  const running = run(process.execPath, ['--import', preload, bin, '--version'], { cwd: folder })
  await expect(running).rejects.toMatchObject({
    code: 2,
    stderr: expect.stringMatching(/needs Node 24(?!.*\n\s+at )/),
  })
})

test('it generates, imports, answers and balances', { timeout: STEP_MS_MAX }, async () => {
  await weir('generate', 'events.ndjson', '--events', '500')
  await weir('import', 'events.ndjson', '--data', 'batch')
  const { stdout } = await weir('query', 'events_per_minute', '--json', '--data', 'batch')
  const { rows } = JSON.parse(stdout) as { rows: readonly { values: { events: number } }[] }
  expect(rows.reduce((sum, row) => sum + row.values.events, 0)).toBeGreaterThan(300)
  const audit = JSON.parse((await weir('audit', '--json', '--data', 'batch')).stdout) as {
    readonly balanced: boolean
    readonly partitions: readonly { readonly consumed: number }[]
  }
  expect(audit.balanced).toBe(true)
  expect(audit.partitions.reduce((sum, line) => sum + line.consumed, 0)).toBe(500)
})

test("a config imports from 'weir', runs, and is typed", { timeout: STEP_MS_MAX }, async () => {
  cpSync(join(ROOT, 'examples', 'weir.config.ts'), join(folder, 'weir.config.ts'))
  cpSync(join(ROOT, 'examples', 'reviews.ndjson'), join(folder, 'reviews.ndjson'))
  await weir('import', 'reviews.ndjson', '--data', 'reviews')
  const { stdout } = await weir('query', 'stars_by_product', '--data', 'reviews')
  expect(stdout).toMatch(/lamp-7\s+2\s+2\s+9\s+4\.500000/)

  const tsc = join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc')
  const flags = ['--noEmit', '--strict', '--module', 'nodenext', '--target', 'es2024']
  const check = (file: string): Promise<unknown> =>
    run(process.execPath, [tsc, ...flags, '--ignoreConfig', '--types', '', file], { cwd: folder })
  await check('weir.config.ts')
  const wrong = readFileSync(join(folder, 'weir.config.ts'), 'utf8')
  writeFileSync(join(folder, 'wrong.ts'), wrong.replaceAll("'data.stars'", "'data.star'"))
  await expect(check('wrong.ts')).rejects.toMatchObject({
    stdout: expect.stringContaining('data.star'),
  })
})

test('weir/test, weir/client and weir/sdk are imported, run, and are typed', {
  timeout: STEP_MS_MAX,
}, async () => {
  const code = `
    import { openWeirClient } from 'weir/client'
    import { openTestShop } from 'weir/test'
    const shop = await openTestShop({ now: '2026-03-02T10:30:00Z' })
    const event = { event_id: 'e1', event_type: 'search', user_id: 'u1', data: { query: 'lamp' } }
    await shop.send({ ...event, timestamp: '2026-03-02T10:00:00Z' })
    const [row] = await shop.query('searches')
    if (row?.values['searches'] !== 1) throw new Error(JSON.stringify(row))
    await shop[Symbol.asyncDispose]()
    const client = openWeirClient({ url: 'http://127.0.0.1:1', giveUpMs: 0 })
    await client.send({ event_type: 'search', user_id: 'u1', data: { query: 'lamp' } }).then(
      () => { throw new Error('nobody is there') },
      () => undefined,
    )
  `
  writeFileSync(join(folder, 'doors.mts'), code)
  await run('npx', ['--no-install', 'node', 'doors.mts'], { cwd: folder, env: environment })
  const tsc = join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc')
  const flags = ['--noEmit', '--strict', '--skipLibCheck', '--module', 'nodenext']
  const lib = ['--target', 'es2024', '--lib', 'es2024,esnext.disposable,dom']
  const check = (file: string): Promise<unknown> =>
    run(process.execPath, [tsc, ...flags, ...lib, '--ignoreConfig', '--types', '', file], {
      cwd: folder,
    })
  await check('doors.mts')
  writeFileSync(join(folder, 'wrong-doors.mts'), code.replaceAll('query:', 'question:'))
  await expect(check('wrong-doors.mts')).rejects.toMatchObject({
    stdout: expect.stringContaining('question'),
  })
  expect(existsSync(join(folder, 'node_modules', 'weir', 'sdk', 'dist', 'sdk.js'))).toBe(true)
  const page = `
    import { openWeir } from 'weir/sdk'
    const weir = openWeir({ url: 'https://events.shop.example' })
    export const order: string | null = weir.purchase({ order_id: 'o1', total_amount: 9.9 })
  `
  writeFileSync(join(folder, 'page.mts'), page)
  await check('page.mts')
  writeFileSync(join(folder, 'wrong-page.mts'), page.replace('total_amount:', 'amount:'))
  await expect(check('wrong-page.mts')).rejects.toMatchObject({
    stdout: expect.stringContaining('amount'),
  })
})

test('it starts, collects, shows its page, and stops', { timeout: STEP_MS_MAX }, async () => {
  const child = spawn(
    'npx',
    ['--no-install', 'weir', 'start', '--port', '0', '--traffic', '0', '--data', 'live'],
    { cwd: folder, env: environment, stdio: ['ignore', 'ignore', 'pipe'], detached: true },
  )
  const closed = once(child, 'close')
  const { text, url } = await readUntilUrl(child)
  try {
    expect(await (await fetch(url)).text()).toContain('<!doctype html>')
    expect(await (await fetch(`${url}sdk.js`)).text()).toContain('/v1/batch')
    const event = { event_id: 'e1', event_type: 'search', user_id: 'u1', data: { query: 'lamp' } }
    const response = await fetch(`${url}v1/events`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ ...event, timestamp: '2026-03-02T10:00:00Z' }),
    })
    expect(await response.json()).toEqual({
      items: [{ index: 0, event_id: 'e1', status: 'stored' }],
    })
    await waitUntilDigested(url.slice(0, -1))
  } finally {
    process.kill(-(child.pid ?? 0), 'SIGINT')
    await closed
  }
  expect(text()).toContain('weir: stopped')
})

/** The URL of the page that it tells on stderr, and all that it says there. */
async function readUntilUrl(child: ChildProcess): Promise<{ text: () => string; url: string }> {
  let text = ''
  for await (const chunk of child.stderr?.iterator({ destroyOnReturn: false }) ?? []) {
    text += String(chunk)
    const url = /page +(http:\S+)/.exec(text)?.[1]
    if (url === undefined) continue
    child.stderr?.on('data', rest => {
      text += String(rest)
    })
    return { text: () => text, url }
  }
  throw new Error(`it did not start:\n${text}`)
}
