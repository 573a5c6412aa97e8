/**
 * Pages that need no script: text in, HTML out, styled by a few lines that the page's own policy
 * names by their hash. Light and dark follow the system; all is reached by Tab, as links are.
 */
import { createHash } from 'node:crypto'

/** Text that is HTML already. */
export interface Html {
  readonly html: string
}

/** What stands in the template's gaps is escaped, unless it is Html, or a list of it. */
export function html(texts: TemplateStringsArray, ...gaps: readonly Gap[]): Html {
  return { html: texts.map((text, at) => text + (at < gaps.length ? fill(gaps[at]) : '')).join('') }
}

type Gap = string | number | Html | readonly Html[] | undefined

function fill(gap: Gap): string {
  if (gap === undefined) return ''
  if (typeof gap === 'string' || typeof gap === 'number') return toEscaped(String(gap))
  return 'html' in gap ? gap.html : gap.map(one => one.html).join('')
}

const ENTITIES: { readonly [sign: string]: string } = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

function toEscaped(text: string): string {
  return text.replaceAll(/[&<>"']/g, sign => ENTITIES[sign] ?? sign)
}

/** A text whose `words` are code. */
export function prose(text: string): Html {
  const parts = text
    .split('`')
    .map((part, at) => (at % 2 === 1 ? html`<code>${part}</code>` : html`${part}`))
  return html`${parts}`
}

const STYLE = `:root{color-scheme:light dark;--line:light-dark(#d8dde3,#343b44);
--soft:light-dark(#566270,#9aa7b5);
--back:light-dark(#fff,#14181d);--ink:light-dark(#1a2027,#e6ebf0);
--tint:light-dark(#f3f5f8,#1d232a);--link:light-dark(#0b5cad,#7fb8f5)}
*{box-sizing:border-box}
body{margin:0 auto;max-width:60rem;padding:2rem 1rem 4rem;background:var(--back);color:var(--ink);
font:16px/1.5 system-ui,sans-serif}
h1{font-size:1.6rem;margin:0 0 .5rem}h2{font-size:1.15rem;margin:2.5rem 0 .5rem;
padding-top:1rem;border-top:1px solid var(--line)}h3{font-size:1rem;margin:1.2rem 0 .3rem}
a{color:var(--link)}a:focus-visible,summary:focus-visible{outline:2px solid var(--link);
outline-offset:2px;border-radius:2px}
code,pre{font:.9em ui-monospace,monospace;background:var(--tint);border-radius:4px}
code{padding:.1em .3em;overflow-wrap:anywhere}pre{padding:.7rem;overflow:auto}pre code{padding:0}
.scroll{overflow-x:auto}table{border-collapse:collapse;width:100%;font-size:.93rem}
th,td{text-align:left;vertical-align:top;padding:.35rem .8rem .35rem 0;
border-bottom:1px solid var(--line)}th{color:var(--soft);font-weight:600}
.soft{color:var(--soft)}nav ul{columns:2;padding-left:1.1rem}
nav a{overflow-wrap:anywhere}summary{cursor:pointer}
.skip{position:absolute;left:-99rem}.skip:focus{position:static}
@media(max-width:40rem){nav ul{columns:1}}`

const STYLE_HASH = createHash('sha256').update(STYLE).digest('base64')

export const PAGE_POLICY: string =
  `default-src 'none'; style-src 'sha256-${STYLE_HASH}'; base-uri 'none'; form-action 'none'; ` +
  "frame-ancestors 'none'"

export function toPageText(title: string, body: Html): string {
  const style = { html: STYLE }
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title>
<style>${style}</style>
</head>
<body>
<a class="skip" href="#content">Skip to content</a>
<main id="content">
${body}
</main>
</body>
</html>
`.html
}
