/** Prometheus' text format 0.0.4, as far as the page asks: samples by name, labels apart. */

export interface Sample {
  readonly labels: string
  readonly value: number
}

export type Scrape = ReadonlyMap<string, readonly Sample[]>

export function parseScrape(text: string): Scrape {
  const samples = new Map<string, Sample[]>()
  for (const line of text.split('\n')) {
    const match = /^([a-zA-Z_:][\w:]*)(\{.*\})? (\S+)/.exec(line)
    if (match === null) continue
    const [, name = '', labels = '', value = ''] = match
    const number = value === '+Inf' ? Number.POSITIVE_INFINITY : Number(value)
    const known = samples.get(name)
    if (known === undefined) samples.set(name, [{ labels, value: number }])
    else known.push({ labels, value: number })
  }
  return samples
}

/** Over all labels; null: there is no sample of that name. */
export function sumOf(scrape: Scrape, name: string): number | null {
  const samples = scrape.get(name)
  return samples === undefined ? null : samples.reduce((sum, { value }) => sum + value, 0)
}

/** The largest over all labels; null: there is none. */
export function largestOf(scrape: Scrape, name: string): number | null {
  const values = scrape.get(name)?.map(({ value }) => value) ?? []
  return values.length === 0 ? null : Math.max(...values)
}
