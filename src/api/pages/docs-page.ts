/** The contract for people: every route on one page, without a script. */
import { z } from 'zod'
import { toProblemPath } from '../../model/problem.ts'
import { KEY_ABOUT } from '../contract/parameters.ts'
import type { Parameter, Route } from '../contract/route.ts'
import { COMMON_PROBLEMS, KEY_PROBLEMS } from '../contract/route.ts'
import type { Html } from './html.ts'
import { html, prose, toPageText } from './html.ts'

export interface DocsOptions {
  readonly routes: { readonly [name: string]: Route }
  readonly version: string
}

export function toDocsPage({ routes, version }: DocsOptions): string {
  const all = Object.entries(routes)
  const links = all.map(
    ([name, route]) => html`<li><a href="#${name}">${route.method} ${route.path}</a></li>`,
  )
  return toPageText(
    'Weir: the HTTP API',
    html`<h1>The HTTP API of Weir</h1>
<p class="soft">Version ${version} · <a href="/openapi.json">OpenAPI 3.1</a></p>
<p>Times are RFC 3339 in UTC, names are snake_case. A refusal is a problem (RFC 9457) whose
<code>code</code> is stable; any route may answer ${COMMON_PROBLEMS.map(toProblemLink)},
and one that needs a key ${KEY_PROBLEMS.map(toProblemLink)}.</p>
<nav aria-label="Routes"><ul>${links}</ul></nav>
${all.map(([name, route]) => toSection(name, route))}`,
  )
}

function toSection(name: string, route: Route): Html {
  const scope = route.scope === null ? 'no key is asked for' : `scope ${route.scope}`
  return html`<section aria-labelledby="${name}">
<h2 id="${name}">${route.method} <code>${route.path}</code></h2>
<p><b>${route.summary}</b> <span class="soft">· ${scope}</span></p>
<p>${prose(route.about)}</p>
${toParameters(route)}
${toBody(route)}
${route.answers.map(toAnswer)}
${toProblems(route)}
</section>
`
}

const NOTHING: Html = html``

function toBody({ body }: Route): Html {
  if (body === null) return NOTHING
  const example = JSON.stringify(body.example, null, 2)
  return html`<h3>Body</h3>
<p>${body.media.join(', ')}: ${prose(body.about)}</p>
<pre tabindex="0"><code>${example}</code></pre>`
}

function toProblems({ problems }: Route): Html {
  if (problems.length === 0) return NOTHING
  return html`<p>It may also answer ${problems.map(toProblemLink)}.</p>`
}

function toProblemLink(code: string): Html {
  return html`<a href="${toProblemPath(code)}"><code>${code}</code></a> `
}

function toParameters(route: Route): Html {
  const keys = { name: 'key.NAME', about: KEY_ABOUT, example: 'p1234' }
  const rows = [...route.parameters.map(toRow), ...(route.hasKeys ? [toRow(keys)] : [])]
  if (rows.length === 0) return NOTHING
  const head = ['name', 'what it is', 'example'].map(text => html`<th scope="col">${text}</th>`)
  return html`<h3>Parameters</h3>
<div class="scroll" tabindex="0" role="region" aria-label="Parameters of ${route.path}"><table>
<thead><tr>${head}</tr></thead>
<tbody>${rows}</tbody></table></div>`
}

function toRow({ name, about, example }: Pick<Parameter, 'name' | 'about' | 'example'>): Html {
  const cells = [html`<code>${name}</code>`, prose(about), html`<code>${example}</code>`]
  return html`<tr>${cells.map(cell => html`<td>${cell}</td>`)}</tr>
`
}

function toAnswer({ status, about, media, schema }: Route['answers'][number]): Html {
  const type = media.length === 0 ? '' : ` · ${media.join(', ')}`
  const title = html`<h3>Answer ${status}</h3><p>${about}${type}</p>`
  if (schema === null) return title
  const text = JSON.stringify(z.toJSONSchema(schema), null, 2)
  return html`${title}<details><summary>Shape</summary>
<pre tabindex="0"><code>${text}</code></pre></details>`
}
