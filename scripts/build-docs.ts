/** Writes the generated pages of docs/reference/; test/references.test.ts tells when it is due. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { toReferencePages } from './reference/pages.ts'

const folder = join(import.meta.dirname, '..', 'docs', 'reference')
for (const [name, text] of toReferencePages()) writeFileSync(join(folder, name), text)
