/** Asking what became of an event. */
import type { TraceAnswer } from '../../../../src/api/contract/event-answers.ts'

export function parseTrace(json: unknown): TraceAnswer {
  if (typeof json === 'object' && json !== null && 'copies' in json) return json as TraceAnswer
  throw new TypeError('the answer is not that of a trace')
}

export function toTracePath(id: string, from: string, to: string): string {
  const query = new URLSearchParams()
  if (from !== '') query.set('from', from)
  if (to !== '') query.set('to', to)
  const text = query.toString()
  return `v1/events/${encodeURIComponent(id)}${text === '' ? '' : `?${text}`}`
}
