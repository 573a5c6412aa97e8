/** All metrics over one lake, counted by DuckDB and by Spark, as a user runs them. */
import { join } from 'node:path'
import { sparkMissing } from '../src/main/spark/home.ts'
import { heading, say, table, whole } from './report.ts'
import { runWeir } from './weir.ts'

const ENGINES = [
  { name: 'duckdb', command: 'batch' },
  { name: 'spark', command: 'spark' },
] as const

/** `directory` has the lake, as `lake`. Goal: both tell the same rows. */
export async function benchBatch(directory: string, events: number): Promise<void> {
  heading('all metrics over that lake: weir batch (DuckDB) and weir spark, one after the other')
  const missing = sparkMissing()
  const engines = ENGINES.filter(({ name }) => name !== 'spark' || missing === null)
  if (missing !== null) say(`  without Spark: ${missing}`)
  const rows: string[][] = []
  const told = new Set<string>()
  for (const { name, command } of engines) {
    const places = ['--lake', join(directory, 'lake'), '--results', join(directory, name)]
    const words = [command, '--run', 'bench', '--json', '--data', join(directory, 'data')]
    const { seconds, sha256 } = await runWeir([...words, ...places])
    told.add(sha256)
    rows.push([name, seconds.toFixed(1), whole(events / seconds)])
  }
  table(['engine', 'seconds', 'events/s'], rows)
  if (told.size > 1) throw new Error('the engines do not tell the same rows')
  say(`  rows: ${engines.length > 1 ? 'the same of both' : 'not compared'}`)
}
