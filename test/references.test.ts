/** The generated pages of docs/reference are what the source says today. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { toReferencePages } from '../scripts/reference/pages.ts'

const FOLDER = join(import.meta.dirname, '..', 'docs', 'reference')
/** Pages that people write. */
const WRITTEN = [
  'lake.md',
  'mapping.md',
  'mapping.schema.json',
  'repair.md',
  'repair.schema.json',
  'results.md',
]

const pages = toReferencePages()

test.each([...pages.keys()])(
  'docs/reference/%s is up to date; if not: npm run build:docs',
  name => {
    expect(readFileSync(join(FOLDER, name), 'utf8')).toBe(pages.get(name))
  },
)

test('docs/reference holds no page that nobody makes', () => {
  const files = readdirSync(FOLDER, { recursive: true, withFileTypes: true })
    .filter(entry => entry.isFile())
    .map(entry => join(entry.parentPath, entry.name).slice(FOLDER.length + 1))
  expect(files.sort()).toEqual([...pages.keys(), ...WRITTEN].sort())
})
