/** The house rules that a machine can keep: the import law, banned words, lengths and widths. */
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join, matchesGlob, normalize } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')

/** What a folder of src/ may import, besides itself. `flow` imports rooms through their doors. */
const ROOMS = [
  'access',
  'api',
  'client',
  'collector',
  'cost',
  'engine',
  'importer',
  'lake',
  'live',
  'log',
  'objects',
  'repair',
  'store',
  'synthetic',
]
const MAY_IMPORT: Record<string, readonly string[]> = {
  std: [],
  model: ['std'],
  ...Object.fromEntries(ROOMS.map(room => [room, ['std', 'model']])),
  flow: ['std', 'model', ...ROOMS],
  main: ['std', 'model', 'flow', ...ROOMS],
}

/** Where a word may not stand, and what to write instead. */
const BANNED: readonly {
  readonly pattern: RegExp
  readonly allowedIn: readonly string[]
  readonly instead: string
}[] = [
  {
    pattern: /\bDate\.now\(|\bperformance\.now\(/,
    allowedIn: ['src/main/', 'src/std/clock.ts', 'infra/lambda/*/handler.ts'],
    instead: 'the Clock that comes in through the door',
  },
  {
    pattern: /\bMath\.random\(/,
    allowedIn: ['src/main/', 'infra/lambda/*/handler.ts'],
    instead: 'the Prng that comes in through the door',
  },
  {
    pattern: /\bprocess\.env\b/,
    allowedIn: ['src/main/', 'infra/src/app.ts', 'infra/lambda/*/handler.ts'],
    instead: 'a setting of src/main/config/settings.ts, or of infra/src/settings.ts',
  },
  { pattern: /\bconsole\./, allowedIn: [], instead: 'the Terminal of the command' },
  { pattern: /:\s*any\b|\bas any\b|<any>/, allowedIn: [], instead: 'unknown, and a parse' },
  { pattern: /@ts-ignore|@ts-nocheck/, allowedIn: [], instead: '@ts-expect-error, in tests only' },
  {
    pattern: /\b(Manager|Helper|Util|Utils)\b/,
    allowedIn: [],
    instead: 'the name of the thing',
  },
  {
    pattern: /^export default\b/m,
    allowedIn: ['src/main/config/'],
    instead: 'a named export',
  },
  { pattern: /^\s*(export )?(const )?enum\b/m, allowedIn: [], instead: 'a union of strings' },
]

const LINES_MAX = 400
const COLUMNS_MAX = 100
/** Tables of data, not code: wide by nature. */
const WIDE = ['scripts/complete-lock.mjs']

const files = execFileSync('git', ['ls-files', '-co', '--exclude-standard'], { cwd: root })
  .toString()
  .split('\n')
  .filter(file => /^(src|test|bench|sim|scripts|wasm|infra)\/.*\.(ts|mjs)$/.test(file))
  .filter(file => existsSync(join(root, file)))
const sources = files.filter(file => file.startsWith('src/'))
/** What runs in an AWS account, or describes it. */
const deployed = files.filter(file => /^infra\/(src|lambda)\//.test(file))
const read = (file: string): string => readFileSync(join(root, file), 'utf8')

/** Comments and strings may talk of anything. */
function stripComments(text: string): string {
  return text.replaceAll(/\/\*[\s\S]*?\*\//g, '').replaceAll(/(^|\s)\/\/.*$/gm, '$1')
}

interface Import {
  readonly from: string
  readonly to: string
}

function importsOf(file: string): readonly Import[] {
  return [...read(file).matchAll(/(?:from|import)\s*\(?\s*'(\.[^']*)'/g)].map(match => ({
    from: file,
    to: normalize(join(dirname(file), match[1] ?? '')),
  }))
}

const roomOf = (file: string): string => file.split('/')[1] ?? ''

describe('the import law', () => {
  test('there are sources to look at', () => {
    expect(sources.length).toBeGreaterThan(50)
  })

  test('a folder imports only what it may', () => {
    const wrong = sources
      .filter(file => !file.endsWith('index.ts') && !isTest(file))
      .flatMap(importsOf)
      .filter(({ from, to }) => {
        const [source, target] = [roomOf(from), roomOf(to)]
        return source !== target && !(MAY_IMPORT[source] ?? []).includes(target)
      })
    expect(wrong).toEqual([])
  })

  test('nothing but infra imports infra', () => {
    const wrong = files
      .filter(file => !file.startsWith('infra/'))
      .flatMap(importsOf)
      .filter(({ to }) => to.startsWith('infra/'))
    expect(wrong).toEqual([])
  })

  test('the SDK of S3 is loaded only where a bucket is used', () => {
    const loading = sources.filter(
      file =>
        !file.startsWith('src/objects/s3/') &&
        /^(import|export) .*from '(@aws-sdk\/|.*objects\/s3\/)/m.test(read(file)),
    )
    expect(loading).toEqual([])
  })

  test('no two folders import each other', () => {
    const edges = new Set(
      sources
        .filter(file => !isTest(file))
        .flatMap(importsOf)
        .filter(({ from, to }) => dirname(from) !== dirname(to))
        .map(({ from, to }) => `${dirname(from)} ${dirname(to)}`),
    )
    const mutual = [...edges].filter(edge => edges.has(edge.split(' ').reverse().join(' ')))
    expect(mutual).toEqual([])
  })
})

function isTest(file: string): boolean {
  return /\.(test|fuzz|contract|bench)\.ts$/.test(file)
}

describe('the house rules', () => {
  test.each(BANNED)('$pattern is not written; instead: $instead', ({ pattern, allowedIn }) => {
    const guilty = [...sources, ...deployed].filter(
      file =>
        !isTest(file) &&
        !allowedIn.some(place => matchesGlob(file, place.endsWith('/') ? `${place}**` : place)) &&
        pattern.test(stripComments(read(file))),
    )
    expect(guilty).toEqual([])
  })

  test(`no file is longer than ${LINES_MAX} lines`, () => {
    const long = files.filter(file => read(file).split('\n').length > LINES_MAX + 1)
    expect(long).toEqual([])
  })

  test(`no line is wider than ${COLUMNS_MAX} columns`, () => {
    const wide = files
      .filter(file => !WIDE.includes(file))
      .flatMap(file =>
        read(file)
          .split('\n')
          .map((line, index) => ({
            place: `${file}:${index + 1}`,
            width: Array.from(line).length,
          })),
      )
    expect(wide.filter(({ width }) => width > COLUMNS_MAX)).toEqual([])
  })

  test('every file of src and infra says at its head why it exists', () => {
    const silent = [...sources, ...deployed].filter(
      file =>
        !isTest(file) && !/^(#!.*\n)?(\/\/|\/\*\*|import type|import|export)/.test(read(file)),
    )
    expect(silent).toEqual([])
  })

  test('the tests run on the Node that is pinned', () => {
    expect(process.version).toMatch(/^v24\./)
  })
})
