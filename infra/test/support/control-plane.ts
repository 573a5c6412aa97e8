/**
 * As much of EMR Serverless and EC2 as starts a job and tells how it is, over HTTP: for what moto
 * does not do. A token gives its job again, and is refused with other words; calls can be
 * throttled, refused, or cut off after they took effect.
 */
import { once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'

export interface Failure {
  readonly status: number
  readonly code: string
  readonly message: string
}

export interface ControlPlane extends AsyncDisposable {
  readonly endpoint: string
  /** What starts asked for, by job id: the body of EMR Serverless, the form of EC2. */
  readonly jobs: ReadonlyMap<string, StartBody>
  /** How many calls came. */
  readonly calls: number
  /** The next calls get these, in order; `lost`: it takes effect, and is not answered. */
  fail(...failures: readonly (Failure | 'lost')[]): void
  /** How a job is from now on, in the words of its service. */
  become(id: string, state: string, details: string): void
}

export type StartBody = Readonly<Record<string, unknown>>

interface Answer {
  readonly status: number
  readonly body: string
  readonly headers: { readonly [name: string]: string }
}

const JOBS = /^\/applications\/[^/]+\/jobruns(?:\/([^/]+))?$/

export async function openControlPlane(): Promise<ControlPlane> {
  const jobs = new Map<string, StartBody>()
  const states = new Map<string, { state: string; details: string }>()
  const tokens = new Map<string, { id: string; asked: string }>()
  const failures: (Failure | 'lost')[] = []
  let calls = 0

  /** null: the token was used for something else. */
  const start = (token: string, body: StartBody, toId: (at: number) => string): string | null => {
    const asked = JSON.stringify(body)
    const known = tokens.get(token)
    if (known !== undefined) return known.asked === asked ? known.id : null
    const id = toId(jobs.size + 1)
    tokens.set(token, { id, asked })
    jobs.set(id, body)
    return id
  }
  const answerEmr = (id: string | undefined, body: string): Answer => {
    if (id !== undefined) {
      const found = states.get(id)
      const { state, details } = found ?? { state: 'PENDING', details: '' }
      if (!jobs.has(id))
        return refuseEmr({ status: 404, code: 'ResourceNotFoundException', message: 'no job' })
      return toJson({ jobRun: { jobRunId: id, state, stateDetails: details } })
    }
    const asked = JSON.parse(body) as StartBody
    const job = start(String(asked['clientToken']), asked, at => `00f${at}`)
    if (job === null) return refuseEmr({ status: 409, code: 'ConflictException', message: 'token' })
    return toJson({ applicationId: 'a', jobRunId: job, arn: 'arn' })
  }
  const answerEc2 = (body: string): Answer => {
    const form = Object.fromEntries(new URLSearchParams(body))
    if (form['Action'] === 'RunInstances') {
      const job = start(form['ClientToken'] ?? '', form, at => `i-${String(at).padStart(17, '0')}`)
      if (job === null)
        return refuseEc2({ status: 400, code: 'IdempotentParameterMismatch', message: 'token' })
      return toXml('RunInstances', toInstances(job, 'pending', ''))
    }
    const id = form['Filter.1.Value.1'] ?? ''
    const { state, details } = states.get(id) ?? { state: 'pending', details: '' }
    const items = jobs.has(id) ? `<item>${toInstances(id, state, details)}</item>` : ''
    return toXml('DescribeInstances', `<reservationSet>${items}</reservationSet>`)
  }
  const serve = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const body = await text(request)
    calls += 1
    const failure = failures.shift()
    const emr = JOBS.exec(request.url ?? '')
    const isRefused = failure !== undefined && failure !== 'lost'
    if (isRefused) return send(response, emr === null ? refuseEc2(failure) : refuseEmr(failure))
    const answer = emr === null ? answerEc2(body) : answerEmr(emr[1], body)
    if (failure === 'lost') response.destroy()
    else send(response, answer)
  }
  const server = createServer((request, response) => void serve(request, response))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    jobs,
    get calls() {
      return calls
    },
    fail: (...more) => {
      failures.push(...more)
    },
    become: (id, state, details) => {
      states.set(id, { state, details })
    },
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

function send(response: ServerResponse, { status, headers, body }: Answer): void {
  response.writeHead(status, headers).end(body)
}

function toJson(value: unknown): Answer {
  const headers = { 'Content-Type': 'application/json' }
  return { status: 200, headers, body: JSON.stringify(value) }
}

function refuseEmr({ status, code, message }: Failure): Answer {
  const headers = { 'Content-Type': 'application/json', 'x-amzn-ErrorType': code }
  return { status, headers, body: JSON.stringify({ message }) }
}

function refuseEc2({ status, code, message }: Failure): Answer {
  const error = `<Error><Code>${code}</Code><Message>${message}</Message></Error>`
  const body = `<Response><Errors>${error}</Errors><RequestID>1</RequestID></Response>`
  return { status, headers: XML, body }
}

const XML = { 'Content-Type': 'text/xml' }

function toXml(action: string, content: string): Answer {
  const space = 'xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"'
  const body = `<${action}Response ${space}>${content}</${action}Response>`
  return { status: 200, headers: XML, body }
}

function toInstances(id: string, state: string, details: string): string {
  const reason = details === '' ? '' : `<stateReason><message>${details}</message></stateReason>`
  const name = `<instanceState><name>${state}</name></instanceState>`
  return `<instancesSet><item><instanceId>${id}</instanceId>${name}${reason}</item></instancesSet>`
}
