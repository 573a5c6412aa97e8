import { expect, test } from 'vitest'
import { largestOf, parseScrape, sumOf } from './scrape.ts'

const TEXT = `# HELP weir_lag_records Records.
# TYPE weir_lag_records gauge
weir_lag_records{topic="a b",partition="0"} 3
weir_lag_records{topic="}{ \\"x",partition="1"} 4.5
process_resident_memory_bytes 2.5e8
weir_retention_hours +Inf

not a sample
`

test('samples are read by name', () => {
  const scrape = parseScrape(TEXT)
  expect(sumOf(scrape, 'weir_lag_records')).toBe(7.5)
  expect(largestOf(scrape, 'weir_lag_records')).toBe(4.5)
  expect(sumOf(scrape, 'process_resident_memory_bytes')).toBe(250_000_000)
  expect(largestOf(scrape, 'weir_retention_hours')).toBe(Number.POSITIVE_INFINITY)
  expect([sumOf(scrape, 'weir_none'), largestOf(scrape, 'weir_none')]).toEqual([null, null])
})
