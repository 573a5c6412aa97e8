/**
 * What the pages show is true: their commands are run, in order, each page in a folder of its own;
 * the output they show is what comes; their TypeScript is checked and run, their JSON parsed.
 */
import { execFile } from 'node:child_process'
import { globSync, readFileSync } from 'node:fs'
import { mkdir, symlink, writeFile } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, test } from 'vitest'
import type { CodeBlock } from './support/markdown.ts'
import { isShownOutput, parseCodeBlocks } from './support/markdown.ts'
import { createPlace } from './support/place.ts'
import type { Reader } from './support/reader.ts'
import { createReader } from './support/reader.ts'

const run = promisify(execFile)
const ROOT = join(import.meta.dirname, '..')
const PAGES = [
  ...globSync('*.md', { cwd: ROOT }),
  ...globSync('docs/**/*.md', { cwd: ROOT }),
].sort()
/** Python is run by test/kafka.integration.test.ts. */
const LANGUAGES = ['sh', 'ts', 'json', 'text', 'csv', 'python', 'sql']
/** A block that is not run is a promise that nobody keeps: there are few, and each says why. */
const NOT_RUN_MAX = 12
/** What is shown on this page needs an account of AWS. */
const ACCOUNT_PAGE = 'docs/guides/aws.md'
/** The condition of the exports in package.json that names the sources. */
const FROM_SOURCE = 'weir-source'

const blocksOf = (page: string): readonly CodeBlock[] =>
  parseCodeBlocks(readFileSync(join(ROOT, page), 'utf8'))
const pagesWith = (...languages: readonly string[]): readonly string[] =>
  PAGES.filter(page => blocksOf(page).some(block => languages.includes(block.language)))
const isConfig = (block: CodeBlock): boolean => block.code.includes('export default defineConfig')

describe('what the pages show is true', () => {
  test('there are pages, and blocks in them', () => {
    expect(PAGES).toContain('README.md')
    expect(pagesWith('sh').length).toBeGreaterThan(3)
  })

  test('every block is of a language that a test knows, and few are not run', () => {
    const blocks = PAGES.flatMap(page => blocksOf(page).map(block => ({ page, ...block })))
    const places = blocks.filter(block => !LANGUAGES.includes(block.language))
    expect(places.map(({ page, line }) => `${page}:${line}`)).toEqual([])
    const notRun = blocks.filter(({ page, notRun }) => notRun !== null && page !== ACCOUNT_PAGE)
    expect(notRun.length).toBeLessThanOrEqual(NOT_RUN_MAX)
  })

  test.each(pagesWith('sh', 'ts'))('the commands of %s run', { timeout: 180_000 }, async page => {
    await using reader = await createReader()
    for (const block of blocksOf(page)) {
      if (block.notRun === null) await follow(reader, page, block)
    }
  })

  test.each(pagesWith('json'))('the JSON of %s is JSON', page => {
    for (const { language, code } of blocksOf(page)) {
      if (language === 'json') expect(() => JSON.parse(code)).not.toThrow()
    }
  })

  test('the TypeScript of the pages and the examples is well typed', async () => {
    await using place = await createPlace()
    const files = await writeTypeScript(place.directory)
    expect(files).toBeGreaterThan(2)
    await checkTypes(place.directory)
  })

  test('a wrong field name in a config is found', async () => {
    await using place = await createPlace()
    const example = readFileSync(join(ROOT, 'examples', 'weir.config.ts'), 'utf8')
    await writeProject(place.directory)
    await writeFile(
      join(place.directory, 'wrong.ts'),
      example.replaceAll("'data.stars'", "'data.star'"),
    )
    await expect(checkTypes(place.directory)).rejects.toThrow(/data\.star/)
  })
})

async function follow(reader: Reader, page: string, block: CodeBlock): Promise<void> {
  const place = `${page}:${block.line}`
  if (block.language === 'ts' && isConfig(block)) {
    await reader.write('weir.config.ts', block.code)
    await expectSuccess(reader, 'weir config', { ...block, output: null }, place)
  } else if (block.language === 'ts') {
    await reader.write('page.ts', block.code)
    await expectSuccess(reader, `node --conditions=${FROM_SOURCE} page.ts`, block, place)
  } else if (block.language === 'sh') await expectSuccess(reader, block.code, block, place)
}

async function expectSuccess(
  reader: Reader,
  code: string,
  { output: shown }: CodeBlock,
  place: string,
): Promise<void> {
  const { exitCode, output } = await reader.run(code)
  expect(exitCode, `${place} printed:\n${output}`).toBe(0)
  if (shown === null || isShownOutput(output, shown)) return
  expect(output, `${place} shows another output`).toBe(shown)
}

/** Gives how many files it wrote. */
async function writeTypeScript(directory: string): Promise<number> {
  await writeProject(directory)
  const blocks = PAGES.flatMap(page =>
    blocksOf(page)
      .filter(({ language, notRun }) => language === 'ts' && notRun === null)
      .map(({ code, line }) => ({ name: `${page.replaceAll(/\W/g, '-')}-${line}.ts`, code })),
  )
  const examples = globSync('examples/**/*.ts', { cwd: ROOT }).map(path => ({
    name: path.replaceAll('/', '-'),
    code: readFileSync(join(ROOT, path), 'utf8'),
  }))
  for (const { name, code } of [...blocks, ...examples]) {
    await writeFile(join(directory, name), `${code}\n`)
  }
  return blocks.length + examples.length
}

/** A user's folder: strict, with `weir` as its source. */
async function writeProject(directory: string): Promise<void> {
  const compilerOptions = {
    declaration: false,
    isolatedDeclarations: false,
    paths: {
      weir: [join(ROOT, 'src', 'index.ts')],
      'weir/client': [join(ROOT, 'src', 'client', 'client.ts')],
      'weir/test': [join(ROOT, 'src', 'main', 'testing', 'test-shop.ts')],
    },
  }
  const config = { extends: join(ROOT, 'tsconfig.json'), compilerOptions, include: ['*.ts'] }
  await mkdir(directory, { recursive: true })
  await symlink(join(ROOT, 'node_modules'), join(directory, 'node_modules'))
  await writeFile(join(directory, 'tsconfig.json'), JSON.stringify(config))
  await writeFile(join(directory, 'package.json'), JSON.stringify({ type: 'module' }))
}

/** Throws what tsc prints. */
async function checkTypes(directory: string): Promise<void> {
  const tsc = join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc')
  try {
    await run(process.execPath, [tsc, '-p', directory])
  } catch (error) {
    throw new Error((error as { stdout: string }).stdout)
  }
}

describe('links', () => {
  const isLocal = (target: string): boolean => !/^([a-z]+:|#)/.test(target)

  test.each(PAGES)('%s links to files that are there', page => {
    const text = readFileSync(join(ROOT, page), 'utf8').replaceAll(/```[\s\S]*?```/g, '')
    const targets = [...text.matchAll(/\]\(([^)\s]+)\)|(?:src|srcset)="([^"]+)"/g)]
      .map(match => match[1] ?? match[2] ?? '')
      .filter(isLocal)
      .map(target => target.replace(/#.*$/, ''))
    const missing = targets.filter(
      target => globSync(resolve(ROOT, dirname(page), target)).length === 0,
    )
    expect(missing).toEqual([])
  })
})
