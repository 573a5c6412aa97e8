/**
 * The command line as a user meets it: real processes, real files, one data directory that is
 * imported into, started on, asked, ended and asked again. stdout is data, stderr is talk.
 */
import { deepStrictEqual } from 'node:assert'
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { gunzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { readLog } from './oracle/read-log.ts'
import { SHOP_QUESTIONS } from './oracle/shop.ts'
import { assertNothingLost } from './support/against-oracle.ts'
import type { Place } from './support/place.ts'
import { createPlace } from './support/place.ts'
import type { Ending, Settings, WeirProcess } from './support/process.ts'
import { readRows, runWeir, spawnWeir, startWeir, waitUntilDigested } from './support/process.ts'
import { toOracleRows } from './support/product.ts'
import { createVisitors } from './support/visitors.ts'

const FIXTURES = join(import.meta.dirname, 'fixtures')
const REES46 = join(FIXTURES, 'rees46-2019-10.csv.gz')
const SAMPLE = join(FIXTURES, 'ecommerce-sample-data.json')
const REES46_LINES = gunzipSync(readFileSync(REES46)).toString().split('\n')
const METRICS = SHOP_QUESTIONS.map(({ name }) => name)
const COMMANDS = ['start', 'import', 'query', 'audit', 'tail', 'generate', 'config', 'doctor']
const SEED = 7

let place: Place
let data: string
const at = (name: string): string => join(place.directory, name)
/** Writes a file of the test's own; gives its path. */
const write = (name: string, text: string | Uint8Array): string => {
  writeFileSync(at(name), text)
  return at(name)
}

beforeAll(async () => {
  place = await createPlace()
  data = at('data')
})
afterAll(() => place[Symbol.asyncDispose]())

test.each(COMMANDS)('weir %s --help has examples', async command => {
  const { how, stdout, stderr } = await runWeir([command, '--help'])
  expect([how, stderr]).toEqual(['exit 0', ''])
  expect(stdout).toContain(`\nExamples\n  `)
  expect(stdout).toMatch(new RegExp(`^ {2}(WEIR_.*)?weir ${command}`, 'm'))
})

test('weir, weir --help, weir --version', async () => {
  const [alone, help, version] = await Promise.all([
    runWeir([]),
    runWeir(['--help']),
    runWeir(['--version']),
  ])
  expect([alone.how, alone.stdout]).toEqual(['exit 2', ''])
  expect([help.how, help.stderr, help.stdout]).toEqual(['exit 0', '', alone.stderr])
  expect([version.how, version.stderr]).toEqual(['exit 0', ''])
  expect(version.stdout).toMatch(/^\d+\.\d+\.\d+\n$/)
})

/** One line that says what is wrong; nothing on stdout; no stack. */
function expectFault({ how, stdout, stderr }: Ending, code: 1 | 2, what: string | RegExp): void {
  expect([how, stdout]).toEqual([`exit ${code}`, ''])
  expect(stderr).toMatch(/^weir: [^\n]+ \[[A-Z_]+\]\n$/)
  expect(stderr).toMatch(what)
}

describe.concurrent('what is wrong is told in one line', () => {
  test.each<[words: string, code: 1 | 2, what: string | RegExp]>([
    ['nonsense', 2, "'nonsense' is no command"],
    ['start --nonsense', 2, "'--nonsense'"],
    ['start twice', 2, "got 'twice'"],
    ['start --port', 2, '--port'],
    ['start --port 99999', 2, "(flag --port) is '99999'"],
    ['start --zone Mars/Olympus', 2, "zone 'Mars/Olympus' is unknown"],
    ['start --import nothing.csv', 1, 'there is no such file'],
    ['import', 2, 'takes FILE'],
    ['import a b', 2, "got 'a b'"],
    ['import / --data nowhere', 1, 'it is a directory'],
    ['import /dev/null --data nowhere', 1, 'not a regular file'],
    ['import nothing.csv --data nowhere', 1, 'there is no such file'],
    [`import ${SAMPLE} --mapping nothing.json --data nowhere`, 1, 'mapping nothing.json'],
    [`import ${SAMPLE} --mapping ${SAMPLE} --data nowhere`, 2, 'the mapping'],
    ['query', 2, 'takes METRIC'],
    ['query sales --data nowhere', 1, 'there is no data in'],
    ['query sales --limit 0', 2, "--limit is '0'"],
    ['query sales --limit 1e3', 2, "--limit is '1e3'"],
    ['query sales --from yesterday', 2, "--from is 'yesterday'"],
    ['query sales --from 2024-02-30', 2, "--from is '2024-02-30'"],
    ['query sales --from 2025-01-02 --to 2025-01-01', 2, '--from is after --to'],
    ['audit --data nowhere', 1, 'there is no data in'],
    ['audit --data /etc/hostname', 1, 'there is no data in'],
    ['tail --back -1', 2, '--back'],
    ['tail --once --data nowhere', 1, 'there is no data in'],
    ['generate /nowhere/events.ndjson', 1, 'cannot write /nowhere/events.ndjson'],
    ['generate x --events 0', 2, "--events is '0'"],
    ['config --config nothing.ts', 1, 'nothing.ts does not exist'],
    ['start --data /proc/weir', 1, 'cannot be made'],
    ['start --data /etc/hostname', 1, 'cannot be made'],
  ])('weir %s', async (words, code, what) => {
    expectFault(await runWeir(words.split(' ')), code, what)
    expect(existsSync('/nowhere')).toBe(false)
  })

  test.each<[name: string, config: string, what: string | RegExp]>([
    ['syntax', 'export default {', 'cannot be loaded'],
    ['field', "export default { grase: '10m' }", "sets 'grase', which is no setting"],
    ['zone', "export default { zone: 'Mars' }", "zone 'Mars' is unknown"],
    ['value', 'export default { port: null }', "is 'null'"],
    ['list', "export default { zone: ['UTC'] }", 'not a single value'],
    ['none', 'export const config = {}', "no 'export default"],
    ['throws', "throw new Error('one\\n  two')", 'one two'],
    ['import', "import './missing.ts'", 'missing.ts'],
    ['metric', 'export default { metrics: [null] }', 'metrics[0] was not made by defineMetric'],
    ['event', "export default { events: [{ kind: 'x' }] }", 'events[0] was not made'],
  ])('a config with a wrong %s', async (name, config, what) => {
    const path = write(`${name}.config.ts`, config)
    expectFault(await runWeir(['config', '--config', path]), 2, what)
  })

  test.each<[settings: Settings, code: 1 | 2, what: string]>([
    [{ WEIR_PROT: '1' }, 2, 'WEIR_PROT is set, but there is no such setting'],
    [{ WEIR_PORT: 'http' }, 2, "port (WEIR_PORT) is 'http'"],
    [{ WEIR_RETENTION: '7 days' }, 2, 'retention (WEIR_RETENTION)'],
    [{ WEIR_CONFIG: '/nowhere.ts' }, 1, '/nowhere.ts does not exist'],
  ])('%j', async (settings, code, what) => {
    expectFault(await runWeir(['config'], settings), code, what)
  })

  test.each<[name: string, content: string | Uint8Array, what: string | RegExp]>([
    ['random.dat', Uint8Array.from({ length: 999 }, (_, i) => (i * 7 + 128) % 256), 'binary data'],
    ['book.csv', 'PK\u0003\u0004', 'a zip or Excel file'],
    ['unknown.csv', 'a,b\n1,2\n', 'the columns "a", "b"'],
    ['cut.json.gz', readFileSync(REES46).subarray(0, 9_000), 'cut off'],
  ])('weir import %s', async (name, content, what) => {
    const file = write(name, content)
    expectFault(await runWeir(['import', file, '--data', at(`data of ${name}`)]), 1, what)
  })

  test('a port that is taken', async () => {
    const server = createServer()
    const port = await new Promise<number>(resolve => {
      server.listen(0, '127.0.0.1', () => {
        const address = server.address()
        resolve(typeof address === 'object' ? (address?.port ?? 0) : 0)
      })
    })
    const settings = { WEIR_PORT: String(port), WEIR_DATA: at('taken'), WEIR_TRAFFIC: '0' }
    expectFault(await runWeir(['start'], settings), 1, `port ${port} on 127.0.0.1 is taken`)
    server.close()
  })
})

test('settings: a flag, a variable, the config, the default; and their sources', async () => {
  const path = write(
    'weir.config.ts',
    "export default { zone: 'Asia/Kolkata', traffic: 3, port: 1 }",
  )
  const settings = { WEIR_CONFIG: path, WEIR_TRAFFIC: '4', WEIR_PORT: '2' }
  const words = ['config', '--sources', '--json', '--port', '3']
  const { how, stdout, stderr } = await runWeir(words, settings)
  expect([how, stderr]).toEqual(['exit 0', ''])
  expect(JSON.parse(stdout)).toMatchObject({
    port: { value: '3', source: 'flag --port' },
    traffic: { value: '4', source: 'WEIR_TRAFFIC' },
    zone: { value: 'Asia/Kolkata', source: path },
    grace: { value: '10m', source: 'default' },
  })
})

/** What no batch, order or restart may change. */
async function readValues(url: string): Promise<ReadonlyMap<string, unknown>> {
  const audit = await waitUntilDigested(url)
  expect(audit.balanced).toBe(true)
  const values = new Map<string, unknown>()
  for (const name of METRICS) values.set(name, toOracleRows(await readRows(url, name)))
  return values
}

function assertSameValues(
  found: ReadonlyMap<string, unknown>,
  wanted: ReadonlyMap<string, unknown>,
): void {
  for (const name of METRICS) {
    // Not shown whole: there are thousands of rows.
    const isSame = JSON.stringify(found.get(name)) === JSON.stringify(wanted.get(name))
    expect(isSame, `the values of ${name}`).toBe(true)
  }
}

async function countVerdicts(url: string): Promise<readonly [number, number, number]> {
  const { partitions } = await waitUntilDigested(url)
  const sum = (of: (line: (typeof partitions)[number]) => number): number =>
    partitions.reduce((total, line) => total + of(line), 0)
  const invalid = sum(line => Object.values(line.invalid).reduce((total, n) => total + n, 0))
  return [sum(line => line.accepted), sum(line => line.duplicate), invalid]
}

/** `weir query --json` of every metric, and `weir audit --json`, one after the other. */
async function askAll(): Promise<readonly string[]> {
  const answers: string[] = []
  for (const words of [...METRICS.map(name => ['query', name, '--limit', '50']), ['audit']]) {
    const { how, stdout, stderr } = await runWeir([...words, '--json', '--data', data])
    expect([how, stderr], words.join(' ')).toEqual(['exit 0', ''])
    answers.push(stdout)
  }
  return answers
}

describe('a data directory, imported into, started, asked and ended', () => {
  let weir: WeirProcess
  let once: ReadonlyMap<string, unknown>
  let asked: readonly string[]
  const good = REES46_LINES.length - 2

  test('an import alone', async () => {
    const { how, stdout, stderr } = await runWeir(['import', REES46, '--data', data])
    expect([how, stdout]).toEqual(['exit 0', ''])
    expect(stderr).toBe(`weir: imported ${REES46}: ${good + 1} events, 1 of them invalid\n`)
    const [cut] = readLog(join(data, 'log')).filter(({ topic }) => topic === 'weir.unparsed')
    expect(Buffer.from(cut?.value ?? []).toString()).toBe(REES46_LINES.at(-1))
    expect(Object.fromEntries(cut?.headers ?? [])).toEqual({
      'weir-reason': 'csv_line',
      'weir-file': 'rees46-2019-10.csv.gz',
      'weir-line': String(REES46_LINES.length),
    })
  })

  test('a start, and another one that is refused', async () => {
    weir = await startWeir(data)
    once = await readValues(weir.url)
    const again = await runWeir(['start', '--port', '0', '--data', data])
    expectFault(again, 1, `weir runs already on ${data}, at ${weir.url}`)
  })

  test('the same file again, beside it: duplicates, and no value changes', async () => {
    const { how, stdout, stderr } = await runWeir(['import', REES46, '--strict', '--data', data])
    expect([how, stdout]).toEqual(['exit 1', ''])
    expect(stderr).toContain(`${good + 1} events, 1 of them invalid\n`)
    assertSameValues(await readValues(weir.url), once)
    expect(await countVerdicts(weir.url)).toEqual([good, good, 2])
  })

  test('a printed JSON document beside it, and its lines under another name', async () => {
    const { how, stderr } = await runWeir(['import', SAMPLE, '--data', data])
    expect([how, stderr]).toEqual(['exit 0', expect.stringContaining(`imported ${SAMPLE}: `)])
    const { events } = JSON.parse(readFileSync(SAMPLE, 'utf8')) as { events: object[] }
    const lines = write('sample.ndjson', events.map(event => JSON.stringify(event)).join('\n'))
    const again = await runWeir(['import', lines, '--strict', '--data', data])
    expect(again.how).toBe('exit 0')
    expect(await countVerdicts(weir.url)).toEqual([good + events.length, good + events.length, 2])
  })

  test('questions beside it', async () => {
    asked = await askAll()
    const beside = await runWeir(['query', 'sales', '--cursor', 'none', '--data', data])
    expectFault(beside, 2, 'cursor')
    expectFault(await runWeir(['query', 'nothing', '--data', data]), 2, "'nothing'")
    const tail = await runWeir(['tail', '--once', '--back', '1', '--json', '--data', data])
    expect([tail.how, tail.stderr]).toEqual(['exit 0', ''])
    expect(
      tail.stdout
        .trim()
        .split('\n')
        .map(line => JSON.parse(line)),
    ).not.toHaveLength(0)
  })

  test('the same questions without it', async () => {
    expect((await weir.stop('SIGINT')).how).toBe('exit 0')
    deepStrictEqual(await askAll(), asked)
    expectFault(await runWeir(['query', 'nothing', '--data', data]), 2, "'nothing'")
    const twice = await runWeir(['audit', '--partitions', '8', '--data', data])
    expectFault(twice, 1, "made with partitions '4'")
    const started = await runWeir(['start', '--partitions', '2', '--data', data])
    expectFault(started, 1, "made with partitions '4'")
    const elsewhere = await runWeir(['audit', '--partitioner', 'crc32', '--data', data])
    expectFault(elsewhere, 1, "made with partitioner 'murmur2'")
  })

  test('the same files in another order, all beside a process: equal values', async () => {
    await using other = await startWeir(at('beside'))
    for (const file of [SAMPLE, REES46]) {
      expect((await runWeir(['import', file, '--data', at('beside')])).how).toBe('exit 0')
    }
    await using first = await startWeir(data)
    assertSameValues(await readValues(other.url), await readValues(first.url))
    const cut = readLog(at('beside/log')).filter(({ topic }) => topic === 'weir.unparsed')
    expect(cut.map(({ headers }) => [headers.get('weir-file'), headers.get('weir-line')])).toEqual([
      ['rees46-2019-10.csv.gz', String(REES46_LINES.length)],
    ])
  })
})

test('an import that is interrupted goes on where it stopped', { timeout: 180_000 }, async () => {
  const file = at('many.ndjson')
  await runWeir(['generate', file, '--events', '60000', '--seed', '3'])
  const broken = at('broken')
  mkdirSync(broken)
  const isUnderWay = (): boolean => sizeOf(join(broken, 'log')) > 2_000_000
  const first = await runWeir(['import', file, '--data', broken], {}, { when: isUnderWay })
  expect(first.how).toBe('exit 130')
  expect(first.stderr).toMatch(/stopped in .* after \d+ events/)
  const second = await runWeir(['import', file, '--data', broken])
  expect(second.how).toBe('exit 0')
  expect(second.stderr).toMatch(/going on with .* at line \d+/)
  await runWeir(['import', file, '--data', at('whole')])
  await using left = await startWeir(broken)
  await using right = await startWeir(at('whole'))
  assertSameValues(await readValues(left.url), await readValues(right.url))
})

/** Of the segments in a log's directory, in bytes; 0: there is none. */
function sizeOf(log: string): number {
  if (!existsSync(log)) return 0
  const segments = readdirSync(log, { recursive: true, encoding: 'utf8' })
  return segments
    .filter(name => name.endsWith('.log'))
    .reduce((sum, name) => sum + readFileSync(join(log, name)).length, 0)
}

test('ended under traffic, by SIGINT and SIGTERM: it drains, and goes on', async () => {
  const directory = at('traffic')
  const visitors = createVisitors(SEED)
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    await using weir = await startWeir(directory)
    const visit = visitors.visit(weir.url, weir.gone)
    await sleep(600)
    const { how, stdout, stderr } = await weir.stop(signal)
    await visit
    expect([how, stdout]).toEqual(['exit 0', ''])
    expect(stderr).toMatch(/draining …\nweir: stopped; start again to go on\n$/)
    expect(stderr).not.toContain('error')
  }
  await using survivor = await startWeir(directory)
  const { acknowledged } = visitors
  expect(acknowledged.size).toBeGreaterThan(0)
  await assertNothingLost({ url: survivor.url, directory, acknowledged })
})

test('synthetic visitors, a file and results as lines, all in one start', async () => {
  const words = ['--traffic', '300', '--import', SAMPLE]
  await using weir = spawnWeir(at('main'), {}, words)
  const url = await weir.ready
  while (!weir.stdout().includes('ledger balanced')) await sleep(50)
  expect(url).not.toBe(null)
  const { how, stdout, stderr } = await weir.stop('SIGINT')
  expect(how).toBe('exit 0')
  expect(stdout).toMatch(/^(\d{4}-[^\n]* ledger balanced: [^\n]*\n)+$/)
  expect(stderr).toContain(`imported ${SAMPLE}: `)
})
