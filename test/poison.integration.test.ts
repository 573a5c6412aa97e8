/**
 * The corpus of hostile inputs against the real process, in every way an item can come in: over
 * HTTP alone, between good neighbours and raw, and from files beside a running process and without
 * one. Each gets exactly one verdict, its bytes are kept, and nobody else is harmed.
 */
import { deepStrictEqual } from 'node:assert'
import { createHash } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { readLog } from './oracle/read-log.ts'
import { VALID } from './poison/builders.ts'
import type { Poison } from './poison/corpus.ts'
import { isOneLine, POISON } from './poison/corpus.ts'
import { assertNothingLost } from './support/against-oracle.ts'
import { createPlace } from './support/place.ts'
import {
  readJsonFrom,
  readRows,
  runWeir,
  startWeir,
  statusOf,
  waitUntilDigested,
} from './support/process.ts'

const KEPT_BYTES_MAX = 65_536
const BLANKS = ' \t\r\n'

/** Longer than the importer holds, so that it reaches the log in another way. */
const GIANT: Poison = {
  name: 'two mebibytes',
  category: 'size',
  bytes: Buffer.from(VALID.padEnd(2 * 1024 * 1024 - 1, ' ').replace(/ $/, ' }')),
  expect: { code: 'too_large', pointer: '' },
}
/** An item of no bytes is none, on every way. */
const CASES: readonly Poison[] = [...POISON, GIANT].filter(({ bytes }) => bytes.length > 0)
/** Blanks around an item belong to it only where it comes raw. */
const TIGHT = CASES.filter(({ bytes }) => !isBlank(bytes[0]) && !isBlank(bytes.at(-1)))
const LINES = TIGHT.filter(isOneLine)
/** As `application/json`, an array is a list of items. */
const ALONE = TIGHT.filter(({ bytes }) => bytes[0] !== '['.charCodeAt(0))
/** The ends of items of a JSON document are told by brackets, so these must match. */
const NESTED = TIGHT.filter(({ bytes }) => isJson(Buffer.from(bytes).toString('latin1')))

/** What was sent, to be found again. */
interface Sent {
  readonly poison: Poison[]
  neighbourCount: number
}

test('every case, on every way', { timeout: 90_000 }, async () => {
  await using place = await createPlace()
  const data = join(place.directory, 'data')
  const sent: Sent = { poison: [], neighbourCount: 0 }
  await using weir = await startWeir(data)
  await sendOverHttp(weir.url, sent)
  await importLines(join(place.directory, 'poison.ndjson'), { data, sent })
  expect(await statusOf(`${weir.url}/readyz`)).toBe(200)
  expect((await weir.stop('SIGTERM')).how).toBe('exit 0')

  await importArray(join(place.directory, 'poison.json'), { data, sent })
  await importLines(join(place.directory, 'again.ndjson'), { data, sent })
  await using survivor = await startWeir(data)
  await waitUntilDigested(survivor.url)
  await assertVerdicts(survivor.url, sent)
  assertBytesKept(data, sent)
  await assertNothingLost({ url: survivor.url, directory: data, acknowledged: countTexts(sent) })
})

async function sendOverHttp(url: string, sent: Sent): Promise<void> {
  for (const poison of ALONE) {
    const answers = await post(url, 'application/json', poison.bytes)
    deepStrictEqual(answers, [toAnswer(poison)], `alone: ${poison.name}`)
  }
  for (const poison of LINES) {
    const body = join3(newNeighbour(sent), poison.bytes, newNeighbour(sent))
    const answers = await post(url, 'application/x-ndjson', body)
    deepStrictEqual(answers, ['stored', toAnswer(poison), 'stored'], `line: ${poison.name}`)
  }
  for (const poison of CASES) {
    const answers = await post(url, 'application/octet-stream', poison.bytes)
    deepStrictEqual(answers, [toAnswer(poison)], `raw: ${poison.name}`)
  }
  sent.poison.push(...ALONE, ...LINES, ...CASES)
  deepStrictEqual(await post(url, 'application/octet-stream', new Uint8Array(0)), 'body_empty')
  const tooMuch = new Uint8Array(5 * 1024 * 1024 + 1)
  deepStrictEqual(await post(url, 'application/octet-stream', tooMuch), 'body_too_large')
}

/** Of each item `stored`, or code and pointer; the problem's code where all was refused. */
async function post(url: string, type: string, body: Uint8Array): Promise<unknown> {
  const answer = await fetch(`${url}/v1/events`, {
    method: 'POST',
    headers: { 'content-type': type },
    body: Buffer.from(body),
  })
  const json = (await answer.json()) as { items?: ItemAnswer[]; code?: string }
  if (!answer.ok) return json.code
  return json.items?.map(({ status, code, pointer }) => {
    return status === 'stored' ? status : `${code} ${pointer}`
  })
}

interface ItemAnswer {
  readonly status: string
  readonly code?: string
  readonly pointer?: string
}

function toAnswer({ expect: expected }: Poison): string {
  return expected === 'accepted' ? 'stored' : `${expected.code} ${expected.pointer}`
}

/** A good event of its own: product views of `neighbour`. */
function newNeighbour(sent: Sent): string {
  sent.neighbourCount += 1
  const id = `n${sent.neighbourCount}`
  return JSON.stringify({
    event_id: id,
    event_type: 'product_view',
    user_id: id,
    timestamp: '2024-09-03T10:25:15Z',
    data: { product_id: 'neighbour' },
  })
}

function join3(before: string, poison: Uint8Array, after: string): Uint8Array {
  return Buffer.concat([Buffer.from(`${before}\n`), poison, Buffer.from(`\n${after}`)])
}

interface Target {
  readonly data: string
  readonly sent: Sent
}

/** A file of lines, good ones between the others, with both kinds of line ends. */
async function importLines(file: string, { data, sent }: Target): Promise<void> {
  const lines = LINES.flatMap(({ bytes }) => [
    Buffer.from(`${newNeighbour(sent)}\r\n`),
    bytes,
    Buffer.from('\n'),
  ])
  writeFileSync(file, Buffer.concat([...lines, Buffer.from(newNeighbour(sent))]))
  await importFile(file, 2 * LINES.length + 1, data)
  sent.poison.push(...LINES)
}

async function importArray(file: string, { data, sent }: Target): Promise<void> {
  const items = NESTED.flatMap(({ bytes }) => [
    Buffer.from(`${newNeighbour(sent)},\n`),
    bytes,
    Buffer.from(',\n'),
  ])
  const end = Buffer.from(`${newNeighbour(sent)}]\n`)
  writeFileSync(file, Buffer.concat([Buffer.from('[\n'), ...items, end]))
  await importFile(file, 2 * NESTED.length + 1, data)
  sent.poison.push(...NESTED)
}

async function importFile(file: string, itemCount: number, data: string): Promise<void> {
  const { how, stdout, stderr } = await runWeir(['import', file, '--data', data])
  expect([how, stdout]).toEqual(['exit 0', ''])
  expect(stderr).toContain(`imported ${file}: ${itemCount} events, `)
}

/** Every reject is in quarantine with its code, pointer and bytes; all else was counted. */
async function assertVerdicts(url: string, { poison, neighbourCount }: Sent): Promise<void> {
  const bad = poison.filter(({ expect: expected }) => expected !== 'accepted')
  const wanted = bad.map(one => `${toAnswer(one)} ${hash(keptOf(one))}`)
  deepStrictEqual(differencesOf(await readQuarantine(url), wanted), [])
  const { partitions, balanced } = await waitUntilDigested(url)
  const valid = partitions.reduce((sum, line) => sum + line.accepted + line.duplicate, 0)
  deepStrictEqual(
    { valid, balanced },
    {
      valid: poison.length - bad.length + neighbourCount,
      balanced: true,
    },
  )
  const [top] = await readRows(url, 'top_products')
  deepStrictEqual([top?.key, top?.values], [{ product_id: 'neighbour' }, { views: neighbourCount }])
}

async function readQuarantine(url: string): Promise<string[]> {
  const rejects: string[] = []
  let cursor = ''
  do {
    const page = (await readJsonFrom(`${url}/v1/quarantine?limit=100${cursor}`)) as {
      rejects: { code: string; pointer: string; value: string; value_encoding: BufferEncoding }[]
      next: string | null
    }
    for (const { code, pointer, value, value_encoding } of page.rejects) {
      rejects.push(`${code} ${pointer} ${hash(Buffer.from(value, value_encoding))}`)
    }
    cursor = page.next === null ? '' : `&cursor=${encodeURIComponent(page.next)}`
  } while (cursor !== '')
  return rejects
}

/** The log holds each item as often as it was sent; of a large one its start, length and hash. */
function assertBytesKept(data: string, { poison, neighbourCount }: Sent): void {
  const records = readLog(join(data, 'log'))
  deepStrictEqual(records.length, poison.length + neighbourCount)
  const cut = records.filter(({ headers }) => headers.get('weir-reason') === 'too_large')
  const kept = cut.map(({ value, headers }) => {
    return [value?.length, headers.get('weir-length'), headers.get('weir-sha256')].join()
  })
  const large = poison.filter(({ bytes }) => bytes.length > KEPT_BYTES_MAX)
  const wanted = large.map(({ bytes }) => [KEPT_BYTES_MAX, bytes.length, hash(bytes)].join())
  deepStrictEqual(differencesOf(kept, wanted), [])
}

/** What is there too often, or too seldom; the lists themselves are too long to be shown. */
function differencesOf(found: readonly string[], wanted: readonly string[]): readonly string[] {
  const surplus = new Map<string, number>()
  for (const text of found) surplus.set(text, (surplus.get(text) ?? 0) + 1)
  for (const text of wanted) surplus.set(text, (surplus.get(text) ?? 0) - 1)
  const differences = [...surplus].filter(([, count]) => count !== 0)
  return differences.slice(0, 5).map(([text, count]) => `${count} too many: ${text}`)
}

function countTexts({ poison }: Sent): ReadonlyMap<string, number> {
  const texts = new Map<string, number>()
  for (const one of poison) {
    const text = Buffer.from(keptOf(one)).toString()
    texts.set(text, (texts.get(text) ?? 0) + 1)
  }
  return texts
}

function keptOf({ bytes }: Poison): Uint8Array {
  return bytes.subarray(0, KEPT_BYTES_MAX)
}

function hash(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}

function isBlank(byte: number | undefined): boolean {
  return byte !== undefined && BLANKS.includes(String.fromCharCode(byte))
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}
