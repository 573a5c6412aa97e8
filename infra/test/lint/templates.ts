/**
 * The templates of deployments that together have every kind of resource that there is in any; of
 * equal ones, the first.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { COMBINATIONS } from '../../scripts/combinations.ts'
import { assemble } from '../support/assembly.ts'

export interface Written extends Disposable {
  readonly files: readonly string[]
}

const CHOSEN: readonly string[] = ['defaults', 'spot']

export function writeTemplates(): Written {
  const assemblies = COMBINATIONS.filter(({ name }) => CHOSEN.includes(name)).map(({ settings }) =>
    assemble(settings),
  )
  const files = new Map<string, string>()
  for (const { app, directory } of assemblies) {
    app.synth()
    for (const name of readdirSync(directory).filter(file => file.endsWith('.template.json'))) {
      const file = join(directory, name)
      const text = readFileSync(file, 'utf8')
      if (!files.has(text)) files.set(text, file)
    }
  }
  return {
    files: [...files.values()],
    [Symbol.dispose]: () => {
      for (const assembly of assemblies) assembly[Symbol.dispose]()
    },
  }
}
