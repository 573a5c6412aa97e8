/** Answering a request whose body is not wanted, so that its sender gets to read why. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Problem } from '../../model/problem.ts'
import { answerProblem } from '../../model/problem.ts'
import { endAfterBody } from '../../std/end-after-body.ts'
import { KIB, MIB } from '../../std/units.ts'

/** A body up to this is read and thrown away, and the connection goes on. */
const SMALL_BYTES_MAX = 64 * KIB
/** Of a larger one so much, and then the connection ends. */
const LINGER_BYTES_MAX = 1 * MIB

export function refuse(request: IncomingMessage, response: ServerResponse, problem: Problem): void {
  if (response.headersSent) {
    response.destroy()
    return
  }
  const { status, headers, body } = answerProblem(problem)
  if (request.complete || isSmall(request)) {
    response.writeHead(status, headers).end(body)
    return
  }
  response.writeHead(status, { ...headers, Connection: 'close' }).write(body)
  endAfterBody(request, response, LINGER_BYTES_MAX)
}

/** It has no body, or says that it is short. */
function isSmall({ headers }: IncomingMessage): boolean {
  if (headers['transfer-encoding'] !== undefined) return false
  return Number(headers['content-length'] ?? 0) <= SMALL_BYTES_MAX
}
