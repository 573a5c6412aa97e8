/** What the importer's tests share: a folder for files, and reading a file to its end. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ImportBatch, ImportItem, ImportOptions } from './importer.ts'
import { openImportSource } from './importer.ts'

export interface Folder extends AsyncDisposable {
  /** Writes a file and gives its path. */
  write(name: string, content: string | Uint8Array): Promise<string>
  readonly path: string
}

export async function openFolder(): Promise<Folder> {
  const path = await mkdtemp(join(tmpdir(), 'weir-import-'))
  return {
    path,
    write: async (name, content) => {
      const file = join(path, name)
      await writeFile(file, content)
      return file
    },
    [Symbol.asyncDispose]: () => rm(path, { recursive: true }),
  }
}

type Options = Partial<Omit<ImportOptions, 'path'>>

export async function readBatches(path: string, options: Options = {}): Promise<ImportBatch[]> {
  const { mapping = null, from = null, signal = new AbortController().signal } = options
  await using source = await openImportSource({ path, mapping, from, signal })
  const batches: ImportBatch[] = []
  for await (const batch of source) batches.push(batch)
  return batches
}

export async function readItems(path: string, options: Options = {}): Promise<ImportItem[]> {
  return (await readBatches(path, options)).flatMap(batch => batch.items)
}

/** An item's bytes as text, one character a byte, so that all bytes can be told apart. */
export function toText(item: ImportItem): string {
  return Buffer.from(item.value).toString('latin1')
}
