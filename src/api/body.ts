/** Bodies of requests that hold a JSON document: read as text, up to a bound. */
import type { Context } from 'hono'
import type { Problem } from '../model/problem.ts'
import { toProblem } from '../model/problem.ts'
import { toSizeText } from '../std/units.ts'

/**
 * The document's text, or what is wrong with the body. `what` names the document, as `a repair`.
 */
export async function readDocument(
  context: Context,
  { what, bytesMax }: { readonly what: string; readonly bytesMax: number },
): Promise<{ readonly text: string } | { readonly problem: Problem }> {
  const type = context.req.header('Content-Type') ?? ''
  if (!/^application\/json\s*(;|$)/i.test(type)) {
    const detail = `the body is of type '${type}'; send ${what} as application/json`
    return { problem: toProblem('type_unsupported', detail) }
  }
  const text = await readText(context.req.raw, bytesMax)
  if (text !== null) return { text }
  const detail = `${what} has at most ${toSizeText(bytesMax)}`
  return { problem: toProblem('body_too_large', detail) }
}

/** null: it is too large. */
async function readText({ body }: Request, bytesMax: number): Promise<string | null> {
  if (body === null) return ''
  const decoder = new TextDecoder()
  let size = 0
  let text = ''
  for await (const chunk of body) {
    size += chunk.length
    if (size > bytesMax) return null
    text += decoder.decode(chunk, { stream: true })
  }
  return text + decoder.decode()
}
