/**
 * The function that answers questions from the results bucket, as API Gateway calls it: REST API,
 * proxy integration. It is opened once a container, at the first call, and looks for what workers
 * committed since, at most every few seconds.
 *
 * It is bundled as an ES module. Beside the bundle may lie `weir.config.mjs`: the shop's config,
 * bundled with `weir` as an alias of src/index.ts.
 */
import process from 'node:process'
import packageOfWeir from '../../../package.json' with { type: 'json' }
import type { GatewayAnswer } from '../../../src/api/lambda/event.ts'
import type { Call, GatewayHandler } from '../../../src/api/lambda/gateway.ts'
import { createSystemClock } from '../../../src/std/clock.ts'
import { isFault, messageOf } from '../../../src/std/fault.ts'
import { toCallLine } from './call-line.ts'
import { openApi } from './open.ts'

const clock = createSystemClock()
let opened: Promise<GatewayHandler> | null = null
let isCold = true
/** A container answers one call at a time. */
let startedMs = 0

export async function handler(event: unknown): Promise<GatewayAnswer> {
  startedMs = clock.monotonic()
  opened ??= open()
  const answer = await opened.catch((error: unknown) => {
    opened = null
    throw error
  })
  return await answer(event)
}

function open(): Promise<GatewayHandler> {
  const { version } = packageOfWeir
  const directory = import.meta.dirname
  return openApi({ environment: process.env, directory, version, clock, served, report })
}

function served(call: Call): void {
  const line = { ...call, atMs: clock.now(), durationMs: clock.monotonic() - startedMs, isCold }
  isCold = false
  print(toCallLine(line))
}

/** A Fault says what to mend; of a bug the stack is wanted. */
function report(error: unknown): void {
  const stack = error instanceof Error && !isFault(error) ? { stack: error.stack } : {}
  print(JSON.stringify({ level: 'ERROR', message: messageOf(error), ...stack }))
}

function print(line: string): void {
  process.stdout.write(`${line}\n`)
}
