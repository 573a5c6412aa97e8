/**
 * Requests that two servers could read in two ways, or that are none: smuggling (RFC 9112, section
 * 11.2), odd lines, odd hosts, odd methods. Those that might hide another request carry one, for a
 * secret that a second answer would tell.
 */

export interface OddRequest {
  readonly name: string
  readonly toBytes: (given: Given) => Uint8Array
  /** What it may be answered; a connection that is closed without an answer will do too. */
  readonly statuses: readonly number[]
}

export interface Given {
  /** The header that is right. */
  readonly host: string
  /** Good for events. */
  readonly key: string
}

const BAD = [400]
/** What hides behind. */
const HIDDEN = 'GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n'
const CHUNKED = 'Transfer-Encoding: chunked\r\n'
const END = '0\r\n\r\n'

function posted(name: string, headers: string, body: string): OddRequest {
  const toBytes = ({ host, key }: Given): Uint8Array =>
    Buffer.from(
      `POST /v1/events HTTP/1.1\r\n${host}X-Api-Key: ${key}\r\n${headers}\r\n${body}`,
      'latin1',
    )
  return { name, toBytes, statuses: BAD }
}

function lines(name: string, text: string, statuses: readonly number[] = BAD): OddRequest {
  const toBytes = ({ host }: Given): Uint8Array =>
    Buffer.from(text.replaceAll('HOST\r\n', host), 'latin1')
  return { name, toBytes, statuses }
}

const SMUGGLED: readonly OddRequest[] = [
  posted('a length and chunks', `Content-Length: 5\r\n${CHUNKED}`, `${END}${HIDDEN}`),
  posted('chunks and a length', `${CHUNKED}Content-Length: 5\r\n`, `${END}${HIDDEN}`),
  posted('two lengths', 'Content-Length: 2\r\nContent-Length: 48\r\n', `{}${HIDDEN}`),
  posted('the same length twice', 'Content-Length: 2\r\nContent-Length: 2\r\n', `{}${HIDDEN}`),
  posted('a list of lengths', 'Content-Length: 2, 2\r\n', `{}${HIDDEN}`),
  ...['+2', '-2', '0x2', '2 2', '2;', '2.0', '', '99999999999999999999999'].map(length =>
    posted(`the length '${length}'`, `Content-Length: ${length}\r\n`, `{}${HIDDEN}`),
  ),
  ...[
    'xchunked',
    'chunked, identity',
    'identity, chunked',
    'gzip, chunked',
    '\x0bchunked',
    '"chunked"',
    'chunked;q=1',
  ].map(coding =>
    posted(`the coding '${coding}'`, `Transfer-Encoding: ${coding}\r\n`, `${END}${HIDDEN}`),
  ),
  posted('a space before a colon', 'Transfer-Encoding : chunked\r\n', `${END}${HIDDEN}`),
  posted('two codings', `${CHUNKED}Transfer-Encoding: identity\r\n`, `${END}${HIDDEN}`),
  posted('a folded coding', 'Transfer-Encoding:\r\n chunked\r\n', `${END}${HIDDEN}`),
  posted('a folded header', 'X: a\r\n b\r\nContent-Length: 2\r\n', '{}'),
  posted('a tab before a name', '\tX: a\r\nContent-Length: 2\r\n', '{}'),
  posted('a bare line feed in headers', 'X: a\nContent-Length: 2\r\n', '{}'),
  posted('a bare carriage return', 'X: a\rContent-Length: 2\r\n\r\n', '{}'),
  posted('a zero byte', 'X: a\0b\r\nContent-Length: 2\r\n', '{}'),
]

const CHUNKS: readonly OddRequest[] = [
  ['a long extension', `2;${'a'.repeat(20_000)}\r\n{}\r\n${END}`],
  ['an extension that ends in a line feed', `2;a\n{}\r\n${END}`],
  ['an extension with a quoted line', `2;a="\r\n"\r\n{}\r\n${END}`],
  ['a size beyond all bounds', `fffffffffffffffff\r\n{}\r\n${END}`],
  ['a size in hex as in C', `0x2\r\n{}\r\n${END}`],
  ['a size below zero', `-2\r\n{}\r\n${END}`],
  ['a size with a space', `2 \r\n{}\r\n${END}`],
  ['a size without digits', `\r\n{}\r\n${END}`],
  ['line feeds only', `2\n{}\n0\n\n`],
  ['a wrong end', `2\r\n{}xx${END}`],
  ['a length in the trailer', `2\r\n{}\r\n0\r\nContent-Length: 48\r\n\r\n${HIDDEN}`],
].map(([name = '', body = '']) => ({
  ...posted(`chunks with ${name}`, CHUNKED, body),
  statuses: [400, 413],
}))

const LINES: readonly OddRequest[] = [
  lines('line feeds only', 'GET / HTTP/1.1\nHost: 127.0.0.1\n\n'),
  lines('no version', 'GET /healthz\r\n\r\n'),
  lines('HTTP/1.2', 'GET /healthz HTTP/1.2\r\nHOST\r\n\r\n'),
  lines('HTTP/2.0', 'GET /healthz HTTP/2.0\r\nHOST\r\n\r\n'),
  lines('the preface of HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'),
  lines('chunks in HTTP/1.0', `POST / HTTP/1.0\r\nHOST\r\n${CHUNKED}\r\n${END}${HIDDEN}`),
  lines('a space in the target', 'GET /heal thz HTTP/1.1\r\nHOST\r\n\r\n'),
  lines('bytes above 127 in the target', 'GET /h\xe9 HTTP/1.1\r\nHOST\r\n\r\n'),
  lines('tabs between words', 'GET\t/healthz\tHTTP/1.1\r\nHOST\r\n\r\n'),
  lines('small letters', 'get /healthz HTTP/1.1\r\nHOST\r\n\r\n'),
  lines('a header without a colon', 'GET /healthz HTTP/1.1\r\nHOST\r\nX\r\n\r\n'),
  lines('a space in a name', 'GET /healthz HTTP/1.1\r\nHOST\r\nX Y: z\r\n\r\n'),
  lines('a long target', `GET /${'a'.repeat(100_000)} HTTP/1.1\r\nHOST\r\n\r\n`, [414, 431]),
  lines('a long header', `GET / HTTP/1.1\r\nHOST\r\nX: ${'a'.repeat(100_000)}\r\n\r\n`, [431]),
  lines('many headers', `GET / HTTP/1.1\r\nHOST\r\n${'a:b\r\n'.repeat(5_000)}\r\n`, [431]),
  lines('noise', `\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03${'\xff'.repeat(500)}\r\n\r\n`),
]

const HOSTS: readonly OddRequest[] = [
  lines('no host', 'GET /healthz HTTP/1.1\r\n\r\n'),
  ...[
    'evil.example',
    '127.0.0.1, evil.example',
    'evil.example@127.0.0.1',
    '127.0.0.1.evil.example',
    '127.0.0.1:80:80',
    '[::1',
    '0x7f.1 evil',
    '',
  ].map(host => lines(`the host '${host}'`, `GET / HTTP/1.1\r\nHost: ${host}\r\n\r\n`, [400, 403])),
  lines('two hosts', 'GET /healthz HTTP/1.1\r\nHOST\r\nHost: evil.example\r\n\r\n'),
  lines('two hosts, the right one last', 'GET / HTTP/1.1\r\nHost: evil.example\r\nHOST\r\n\r\n'),
  lines('a whole URL', 'GET http://127.0.0.1/healthz HTTP/1.1\r\nHOST\r\n\r\n', [404]),
  lines('the URL of another', 'GET http://evil.example/ HTTP/1.1\r\nHOST\r\n\r\n', [404]),
  lines('a star', 'OPTIONS * HTTP/1.1\r\nHOST\r\n\r\n', [404]),
]

const METHODS: readonly OddRequest[] = [
  lines('CONNECT', 'CONNECT evil.example:80 HTTP/1.1\r\nHOST\r\n\r\n', []),
  lines('TRACE', 'TRACE / HTTP/1.1\r\nHOST\r\n\r\n', [401]),
  lines('a method that is none', 'FOO / HTTP/1.1\r\nHOST\r\n\r\n'),
  lines('DELETE', 'DELETE /healthz HTTP/1.1\r\nHOST\r\n\r\n', [401]),
  lines(
    'a method in a header',
    'GET /v1/events HTTP/1.1\r\nHOST\r\nX-HTTP-Method-Override: POST\r\n\r\n',
    [401],
  ),
  lines(
    'an upgrade',
    'GET /v1/live HTTP/1.1\r\nHOST\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n',
    [401],
  ),
  lines('an expectation', 'POST / HTTP/1.1\r\nHOST\r\nExpect: gold\r\n\r\n', [417]),
]

export const ODD_REQUESTS: readonly OddRequest[] = [
  ...SMUGGLED,
  ...CHUNKS,
  ...LINES,
  ...HOSTS,
  ...METHODS,
]
