import { expect, test } from 'vitest'
import { OWN_SOURCE, parseSource, readSource } from './source.ts'

test.each([
  ['https://abc.execute-api.eu-central-1.amazonaws.com/prod'],
  ['https://abc.execute-api.eu-central-1.amazonaws.com/prod/'],
])('%s is asked, whether it ends in a slash or not', api => {
  const source = parseSource({ api })
  expect(source.base).toBe('https://abc.execute-api.eu-central-1.amazonaws.com/prod/')
  expect(source.isRemote).toBe(true)
  expect(source.pollMs).toBeGreaterThan(OWN_SOURCE.pollMs)
})

test.each([[null], [{}], [{ api: null }], [{ api: '' }], [{ api: 'javascript:alert(1)' }], [7]])(
  'of %j the page asks its own server',
  json => {
    expect(parseSource(json)).toBe(OWN_SOURCE)
  },
)

test.each([
  () => Promise.reject(new TypeError('fetch failed')),
  async () => new Response('{"api":"https://x.example"}', { status: 404 }),
  async () => new Response('<!doctype html>'),
])('without a file the page asks its own server: %s', async ask => {
  expect(await readSource(ask)).toBe(OWN_SOURCE)
})

test('the file stands beside the page', async () => {
  const asked: string[] = []
  const source = await readSource(async path => {
    asked.push(path)
    return Response.json({ api: 'https://x.example' })
  })
  expect([asked, source.base]).toEqual([['config.json'], 'https://x.example/'])
})
