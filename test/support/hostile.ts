/**
 * Two hundred texts that want to be more than text: markup and scripts, addresses that run, marks
 * that turn or hide what is written, formulas of spreadsheets, sequences of terminals, and length.
 * A script that runs sets `window.hostile`, or asks for `/hostile`.
 */

const RUN = 'window.hostile=1'
/** What a terminal or a screen acts on instead of showing it. */
const SIGNS = [
  '\u0000',
  '\u0007',
  '\u0008',
  '\u000b',
  '\u001b[2J',
  '\u001b[31m',
  '\u001b]0;owned\u0007',
  '\u001b]8;;https://hostile.test\u0007click\u001b]8;;\u0007',
  '\u001b]52;c;aG9zdGlsZQ==\u0007',
  '\u001bP$q"p\u001b\\',
  '\u001b[6n',
  '\u001bc',
  '\u007f',
  '\u0085',
  '\u009b31m',
  '\u009d0;owned\u009c',
  '\u00ad',
  '\u061c',
  '\u180e',
  '\u200b',
  '\u200d',
  '\u200e',
  '\u200f',
  '\u2028',
  '\u2029',
  '\u202a',
  '\u202d',
  '\u202e',
  '\u2060',
  '\u2066',
  '\u2067',
  '\u2068',
  '\ufeff',
  '\ufff9',
  '\u{e0041}',
  '\u{e0001}',
  '\r',
  '\n',
  '\r\n',
  '\t',
]
const MARKUP = [
  `<script>${RUN}</script>`,
  `"><script>${RUN}</script>`,
  `'><script>${RUN}</script>`,
  `</script><script>${RUN}</script>`,
  `<img src=x onerror=${RUN}>`,
  `<img src="/hostile">`,
  `<svg onload=${RUN}>`,
  `<svg><script>${RUN}</script></svg>`,
  `<math><mi//xlink:href="javascript:${RUN}">`,
  `<iframe srcdoc="<script>parent.${RUN}</script>">`,
  `<iframe src="javascript:parent.${RUN}">`,
  `<object data="/hostile">`,
  `<embed src="/hostile">`,
  `<link rel=stylesheet href="/hostile">`,
  `<style>@import '/hostile';</style>`,
  `<style>body{display:none}</style>`,
  `<base href="https://hostile.test/">`,
  `<meta http-equiv=refresh content="0;url=/hostile">`,
  `<form action="/hostile"><button>go</button></form>`,
  `<input autofocus onfocus=${RUN}>`,
  `<details open ontoggle=${RUN}>`,
  `<video src=x onerror=${RUN}>`,
  `<body onload=${RUN}>`,
  `<a href="javascript:${RUN}">x</a>`,
  `javascript:${RUN}`,
  `data:text/html,<script>${RUN}</script>`,
  `vbscript:x`,
  `{@html '<img src=x onerror=${RUN}>'}`,
  `{{constructor.constructor('${RUN}')()}}`,
  `\${${RUN}}`,
  `<%= ${RUN} %>`,
  `<!--<script>${RUN}</script>-->`,
  `]]><script>${RUN}</script>`,
  `&lt;script&gt;${RUN}&lt;/script&gt;`,
  `\\u003cscript\\u003e${RUN}`,
  `<scr<script>ipt>${RUN}</scr</script>ipt>`,
  `<noscript><p title="</noscript><img src=x onerror=${RUN}>">`,
  `<template><img src=x onerror=${RUN}></template>`,
  `" onmouseover="${RUN}" x="`,
  `' onfocus='${RUN}' autofocus='`,
]
const FORMULAS = [
  '=1+1',
  '=HYPERLINK("https://hostile.test","x")',
  "=cmd|' /C calc'!A0",
  '+1+1',
  '-1+1',
  '@SUM(1)',
  '\t=1+1',
  '\r=1+1',
  '=IMPORTXML("https://hostile.test","//a")',
  '=WEBSERVICE("https://hostile.test")',
  '"=1+1',
  '",=1+1',
  '\n=1+1',
  '-2+3+cmd|x',
  '＝1+1',
]
const PATHS = [
  '../../etc/passwd',
  '..%2f..%2fetc%2fpasswd',
  'a/b/c',
  '?x=1&limit=0',
  '#/explore?metric=x',
  '%00',
  '%',
  '__proto__',
  'constructor',
  'toString',
  'null',
  'undefined',
  'NaN',
  'true',
  '0',
  "' OR 1=1 --",
  "'; DROP TABLE results; --",
  '*',
  '\\',
  '"',
]
const LONG = [
  'x'.repeat(200),
  'ж'.repeat(100),
  '🙂'.repeat(50),
  '\u0301'.repeat(60),
  'W '.repeat(80),
]

const mixed = [...SIGNS, ...MARKUP].map((text, index) => `p${index} ${text} end`)

/** All different, none empty, none longer than an id may be. */
export const HOSTILE: readonly string[] = [
  ...new Set([
    ...MARKUP,
    ...FORMULAS,
    ...PATHS,
    ...LONG,
    ...SIGNS.map(sign => `a${sign}b`),
    ...mixed,
  ]),
].slice(0, 200)

/** Code points that a terminal acts on, or that turn what is written; a line's end is its own. */
const TERMINAL_SIGNS: readonly (readonly [first: number, last: number])[] = [
  [0x00, 0x08],
  [0x0b, 0x1f],
  [0x7f, 0x9f],
  [0x202a, 0x202e],
  [0x2066, 0x2069],
]

export function hasTerminalSign(text: string): boolean {
  return Array.from(text).some(character => {
    const point = character.codePointAt(0) ?? 0
    return TERMINAL_SIGNS.some(([first, last]) => first <= point && point <= last)
  })
}
