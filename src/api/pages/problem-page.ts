/** The page of a problem: what the `type` of a problem document leads to. */
import { listProblems } from '../../model/problem.ts'
import { html, toPageText } from './html.ts'

/** null: there is no such code. */
export function toProblemPage(code: string): string | null {
  const problem = listProblems().find(one => one.code === code)
  if (problem === undefined) return null
  const again = problem.isWorthTrying
    ? 'The same request may succeed a little later; wait as long as Retry-After says.'
    : 'The same request will be refused again.'
  return toPageText(
    `${code} · Weir`,
    html`<p class="soft">Problem, status ${problem.status}</p>
<h1><code>${code}</code></h1>
<p>When ${problem.when}.</p>
<p>${again}</p>
<p>The field <code>detail</code> of the answer says what happened to what, and how to mend it.
<a href="/docs">All routes</a></p>`,
  )
}
