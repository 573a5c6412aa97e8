/**
 * The budget is spent: AWS tells a topic, and the topic calls this. Which message it is does not
 * matter, for there is one thing to do. It writes a line with what it did; where something could
 * not be stopped it fails, so that Lambda calls it again.
 */
import process from 'node:process'
import { EC2Client } from '@aws-sdk/client-ec2'
import { ECSClient } from '@aws-sdk/client-ecs'
import { Fault } from '../../../src/std/fault.ts'
import type { Stopped, Stopping } from './stop.ts'
import { stop } from './stop.ts'

export interface InvocationContext {
  getRemainingTimeInMillis(): number
}

/** To answer before the function is cut off. */
const LAST_MS = 500

/** Throws where something goes on; what could be stopped is stopped by then. */
export async function handler(_event: unknown, context: InvocationContext): Promise<Stopped> {
  const stopping = parseStopping(process.env)
  const signal = AbortSignal.timeout(Math.max(context.getRemainingTimeInMillis() - LAST_MS, 1))
  const stopped = await stop(stopping, { ecs: new ECSClient(), ec2: new EC2Client() }, signal)
  process.stdout.write(`${JSON.stringify({ cluster: stopping.cluster, ...stopped })}\n`)
  if (stopped.failures.length > 0) {
    throw new Error(`the budget is spent, and not all is stopped: ${stopped.failures.join('; ')}`)
  }
  return stopped
}

/** Throws CONFIG_INVALID naming the variable. */
export function parseStopping(environment: {
  readonly [name: string]: string | undefined
}): Stopping {
  const cluster = environment['WEIR_CLUSTER'] ?? ''
  const named = environment['WEIR_SERVICES'] ?? ''
  const services = named.split(',').flatMap(name => name.trim() || [])
  if (cluster === '' || services.length === 0) {
    throw new Fault('CONFIG_INVALID', 'WEIR_CLUSTER and WEIR_SERVICES must name what to stop')
  }
  return { cluster, services, instanceTag: parseTag(environment['WEIR_INSTANCE_TAG'] ?? '') }
}

/** `key=value`; null: no instances are ended. */
function parseTag(text: string): Stopping['instanceTag'] {
  if (text === '') return null
  const at = text.indexOf('=')
  if (at > 0 && at < text.length - 1) return { key: text.slice(0, at), value: text.slice(at + 1) }
  throw new Fault('CONFIG_INVALID', `WEIR_INSTANCE_TAG is '${text}', not key=value`)
}
