import { expect, test } from 'vitest'
import { createSources, REBUILD } from './api.fixture.ts'
import { createApi } from './api.ts'
import { rebuildStateSchema } from './contract/rebuild.ts'
import type { RebuildRequest, RebuildSource } from './rebuilds.ts'

const ASK = { from: '2026-03-02', to: null, metrics: ['sales'], mode: 'try' }
const FROM_MS = Date.parse('2026-03-02T00:00:00Z')

test('one is begun, and looked at by its name', async () => {
  const { post, get, begun } = open()
  const answer = await post(JSON.stringify(ASK))
  expect(answer.status).toBe(202)
  expect(rebuildStateSchema.parse(await answer.json())).toEqual(REBUILD)
  expect(begun).toEqual([{ fromMs: FROM_MS, toMs: null, metrics: ['sales'], mode: 'try' }])
  expect(await (await get('r1')).json()).toEqual(REBUILD)
  expect(await codeOf(await get('r2'))).toBe('404 not_found')
  expect(await codeOf(await post(JSON.stringify(ASK)))).toBe('409 rebuild_running')
})

test.each([
  ['', '400 body_invalid'],
  ['[]', '400 body_invalid'],
  [JSON.stringify({ ...ASK, from: 'soon' }), '400 body_invalid'],
  [JSON.stringify({ ...ASK, more: 1 }), '400 body_invalid'],
  [' '.repeat(70_000), '413 body_too_large'],
])('%j is refused', async (body, problem) => {
  const { post, begun } = open()
  expect(await codeOf(await post(body))).toBe(problem)
  expect(begun).toEqual([])
})

test('a body of another type is refused', async () => {
  expect(await codeOf(await open().post(JSON.stringify(ASK), 'text/plain'))).toBe(
    '415 type_unsupported',
  )
})

test('a process that only reads says where to ask', async () => {
  const { post, get } = open(null)
  expect(await codeOf(await post(JSON.stringify(ASK)))).toBe('501 not_here')
  expect(await codeOf(await get('r1'))).toBe('501 not_here')
})

function open(source?: RebuildSource | null): {
  readonly begun: readonly RebuildRequest[]
  readonly post: (body: string, type?: string) => Promise<Response>
  readonly get: (name: string) => Promise<Response>
} {
  const begun: RebuildRequest[] = []
  const own: RebuildSource = {
    begin: request => (begun.push(request) === 1 ? REBUILD : null),
    look: name => (name === 'r1' ? REBUILD : null),
  }
  const { sources } = createSources({ rebuilds: source === undefined ? own : source })
  const api = createApi(sources)
  return {
    begun,
    post: async (body, type = 'application/json') =>
      api.request('/v1/rebuilds', { method: 'POST', body, headers: { 'Content-Type': type } }),
    get: async name => api.request(`/v1/rebuilds/${name}`),
  }
}

async function codeOf(answer: Response): Promise<string> {
  const { code } = (await answer.json()) as { code: string }
  return `${answer.status} ${code}`
}
