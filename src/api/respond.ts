/** How answers leave: with a tag of their bytes where they can be asked for again, or a problem. */
import { createHash } from 'node:crypto'
import type { Context } from 'hono'
import type { Problem } from '../model/problem.ts'
import { answerProblem, problemOfFault } from '../model/problem.ts'
import { Fault } from '../std/fault.ts'
import type { Media } from './contract/route.ts'

/** A body with a tag of its bytes; 304 where the client has them already. */
export function answerTagged(context: Context, body: string, media: Media): Response {
  const tag = `"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"`
  context.header('ETag', tag)
  if (isTagListed(context.req.header('If-None-Match'), tag)) return context.body(null, 304)
  context.header('Content-Type', media)
  return context.body(body)
}

/** RFC 9110, 13.1.2: compared weakly. */
function isTagListed(header: string | undefined, tag: string): boolean {
  if (header === undefined) return false
  return header.split(',').some(listed => ['*', tag, `W/${tag}`].includes(listed.trim()))
}

export function toResponse(problem: Problem): Response {
  const { status, headers, body } = answerProblem(problem)
  return new Response(body, { status, headers })
}

/** 501: `detail` says where it is. */
export function notHere(detail: string): Response {
  return toResponse(problemOfFault(new Fault('NOT_HERE', detail)))
}
