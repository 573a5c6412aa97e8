import { expect, test } from 'vitest'
import { EMPTY_BOARD } from './board.ts'
import { readBoard } from './read.ts'
import { sampleRow } from './sample.ts'

const audit = { balanced: true, progress: null, lag: 0, partitions: [] }
const rows = ['10:17', '10:16', '10:15'].map(at => sampleRow({ at }))

test('asks for the newest windows that are shown, and keeps them oldest first', async () => {
  const asked: string[] = []
  const { board, failure } = await readBoard(async path => {
    asked.push(path)
    if (path === 'v1/audit') return audit
    return { metric: 'm', zone: 'UTC', rows, next: path.includes('searches') ? 'more' : null }
  }, EMPTY_BOARD)
  expect(failure).toBeNull()
  expect(asked).toContain('v1/metrics/events_per_minute?last=60&limit=5000')
  expect(board.metrics.events_per_minute).toMatchObject({
    value: { rows: rows.toReversed(), complete: true },
  })
  expect(board.metrics.searches).toMatchObject({ value: { complete: false } })
})

test('asks for nothing else where the server is not there', async () => {
  const asked: string[] = []
  const reading = await readBoard(async path => {
    asked.push(path)
    throw new Error('nobody answers')
  }, EMPTY_BOARD)
  expect(reading).toEqual({ board: EMPTY_BOARD, failure: 'nobody answers' })
  expect(asked).toEqual(['v1/audit'])
})
