/**
 * The log as it grows: `GET /v1/tail`, whole, a line of JSON at a time; and `GET /v1/live/events`,
 * a sample of it for the page, as server-sent events.
 */
import type { Context } from 'hono'
import { SECOND_MS } from '../std/units.ts'
import type { TailRecord } from './contract.ts'
import { parseBack, parseTypes } from './question.ts'
import { createStreamAnswer } from './stream.ts'

export interface TailSources {
  /**
   * The records of the log, from the newest `back` of each partition on; an empty list now and
   * then. Ends when the signal aborts. null: there is no log here.
   */
  readonly tail:
    | ((back: number, signal: AbortSignal) => AsyncIterable<readonly TailRecord[]>)
    | null
  /** The newest records, every now and then. null: there is no log here. */
  readonly sample:
    | ((types: ReadonlySet<string> | null, signal: AbortSignal) => AsyncIterable<Sampled>)
    | null
  /** Is told of every error that is not a Fault. */
  report(error: unknown): void
}

export interface Sampled {
  readonly records: readonly TailRecord[]
  /** Records that came beside these. */
  readonly skipped: number
}

/** Each holds a megabyte or so of the log, and a place among its readers. */
export const TAILS_MAX = 10
const SAMPLES_MAX = 20
/** Signs of a record that a sample tells. */
const SAMPLE_LENGTH_MAX = 300
const RETRY_MS = 2 * SECOND_MS

const HEADERS = {
  'Cache-Control': 'no-store',
  'X-Accel-Buffering': 'no', // nginx would keep lines back
}

type Stream = (context: Context) => Response

export function createTailAnswer({
  tail,
  report,
}: {
  readonly tail: NonNullable<TailSources['tail']>
  readonly report: (error: unknown) => void
}): Stream {
  return createStreamAnswer({
    clientCountMax: TAILS_MAX,
    headers: { ...HEADERS, 'Content-Type': 'application/x-ndjson' },
    open: context => {
      const back = parseBack(new URL(context.req.url).searchParams)
      return signal => tail(back, signal)
    },
    toText: records => `${JSON.stringify(records)}\n`,
    report,
  })
}

export function createSampleAnswer({
  sample,
  report,
}: {
  readonly sample: NonNullable<TailSources['sample']>
  readonly report: (error: unknown) => void
}): Stream {
  return createStreamAnswer<Sampled>({
    clientCountMax: SAMPLES_MAX,
    headers: { ...HEADERS, 'Content-Type': 'text/event-stream; charset=utf-8' },
    open: context => {
      const types = parseTypes(new URL(context.req.url).searchParams)
      return signal => sample(types, signal)
    },
    toText: toEvent,
    report,
  })
}

/** One without records is a comment, which keeps the connection. */
function toEvent({ records, skipped }: Sampled): string {
  if (records.length === 0 && skipped === 0) return ': heartbeat\n\n'
  const shown = records.map(record => ({
    ...record,
    value: Array.from(record.value.slice(0, 2 * SAMPLE_LENGTH_MAX))
      .slice(0, SAMPLE_LENGTH_MAX)
      .join(''),
  }))
  const data = JSON.stringify({ records: shown, skipped })
  return `retry: ${RETRY_MS}\nevent: records\ndata: ${data}\n\n`
}
