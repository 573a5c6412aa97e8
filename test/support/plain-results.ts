/** Reads a results place as docs/reference/results.md tells it, with nothing of Weir. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'

export interface PlainRow {
  start: string | null
  end: string | null
  key: readonly (string | null)[]
  currency: string | null
  events: number
  late: number
  revision: number
  values: PlainValue[]
}

type PlainValue = number | string | null | readonly string[] | { units: string; carriers: number }

export interface PlainManifest {
  readonly sequence: number
  readonly metrics: readonly {
    readonly metric: string
    readonly plan: string
    readonly measures: readonly { readonly name: string; readonly kind: string }[]
  }[]
  readonly objects: readonly {
    readonly metric: string
    readonly plan: string
    readonly key: string
    readonly offset: number
    readonly length: number
    readonly rows: number
    readonly from: string | null
    readonly to: string | null
  }[]
}

/** The manifest of the highest epoch of each shard. */
export function readPlainManifests(place: string): readonly PlainManifest[] {
  const root = join(place, 'results', 'manifests')
  return readdirSync(root).map(shard => {
    const name = readdirSync(join(root, shard)).toSorted().at(-1) ?? ''
    return JSON.parse(readFileSync(join(root, shard, name), 'utf8')) as PlainManifest
  })
}

/** The rows of a metric, added up. */
export function recountPlain(place: string, metric: string): readonly PlainRow[] {
  const sums = new Map<string, PlainRow>()
  for (const manifest of readPlainManifests(place)) {
    const kinds = manifest.metrics
      .find(one => one.metric === metric)
      ?.measures.map(measure => measure.kind)
    for (const row of manifest.objects.flatMap(entry =>
      entry.metric === metric ? readMember(place, entry) : [],
    )) {
      const id = JSON.stringify([row.start, row.key, row.currency])
      const known = sums.get(id)
      sums.set(id, known === undefined ? row : add(known, row, kinds ?? []))
    }
  }
  return [...sums.values()]
}

function readMember(place: string, entry: PlainManifest['objects'][number]): readonly PlainRow[] {
  const file = readFileSync(join(place, entry.key))
  const text = gunzipSync(file.subarray(entry.offset, entry.offset + entry.length)).toString()
  const rows = text
    .split('\n')
    .slice(0, -1)
    .map(line => JSON.parse(line) as PlainRow)
  if (rows.length !== entry.rows) throw new Error(`${entry.key} has ${rows.length} rows`)
  for (const { start } of rows) {
    const isWithin = start === null || (start >= (entry.from ?? '') && start <= (entry.to ?? ''))
    if (!isWithin) throw new Error(`${entry.key} has a window of ${start}`)
  }
  return rows
}

function add(left: PlainRow, right: PlainRow, kinds: readonly string[]): PlainRow {
  return {
    ...left,
    events: left.events + right.events,
    late: left.late + right.late,
    revision: left.revision + right.revision,
    values: left.values.map((value, at) => addValue(value, right.values[at] ?? null, kinds[at])),
  }
}

function addValue(left: PlainValue, right: PlainValue, kind = ''): PlainValue {
  if (typeof left === 'number') return left + Number(right)
  if (Array.isArray(left)) return [...new Set([...left, ...(right as string[])])]
  if (kind === 'sum') {
    const [a, b] = [left, right] as { units: string; carriers: number }[]
    if (a === undefined || b === undefined) throw new Error('a sum is missing')
    const units = String(BigInt(a.units) + BigInt(b.units))
    return { units, carriers: a.carriers + b.carriers }
  }
  if (left === null || right === null) return left ?? right
  const isLess = BigInt(left as string) < BigInt(right as string)
  return isLess === (kind === 'min') ? left : right
}
