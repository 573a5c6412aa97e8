/** The head of a request: what its headers say of the body, or why it is refused. */
import type { IncomingHttpHeaders } from 'node:http'
import type { Problem } from '../model/problem.ts'
import { toProblem } from '../model/problem.ts'
import type { InvalidCode } from '../model/verdict.ts'
import { INVALID_CODES } from '../model/verdict.ts'
import { memoize } from '../std/memo.ts'
import type { Cut, Origin } from './collector.ts'
import { ENCODINGS } from './decode.ts'
import type { BodyKind } from './split.ts'

export interface Head {
  readonly kind: 'head'
  readonly bodyKind: BodyKind
  /** One of ENCODINGS; null: not compressed. */
  readonly encoding: string | null
  /** Of every item of the body. */
  readonly origin: Origin | null
  /** As declared; null: not told, the body comes in chunks. */
  readonly bodyBytes: number | null
}

export interface Refused {
  readonly kind: 'refused'
  readonly problem: Problem
}

const BODY_KINDS: ReadonlyMap<string, BodyKind> = new Map([
  ['application/json', 'json'],
  ['text/plain', 'json'],
  ['application/x-ndjson', 'lines'],
  ['application/ndjson', 'lines'],
  ['application/octet-stream', 'raw'],
])
const FILE_LENGTH_MAX = 1_024
const TYPE_COUNT_MAX = 100

/**
 * Reads the headers. A file name may be percent-encoded UTF-8. A line and a reason are of one item,
 * so they go with `application/octet-stream` only.
 */
export function parseHead(headers: IncomingHttpHeaders, bodyBytesMax: number): Head | Refused {
  const bodyKind = parseType(headers['content-type'] ?? 'application/json')
  if (typeof bodyKind !== 'string') return bodyKind
  const encoding = headers['content-encoding']?.trim().toLowerCase() ?? 'identity'
  if (encoding !== 'identity' && !ENCODINGS.includes(encoding)) {
    const known = ENCODINGS.join(', ')
    const detail = `the body is encoded as '${encoding}'; use one of ${known}, or none`
    return refuse(toProblem('encoding_unsupported', detail))
  }
  const origin = parseOrigin(headers, bodyKind)
  if (origin !== null && 'problem' in origin) return origin
  const length = headers['content-length']
  const bodyBytes = length === undefined ? null : Number(length)
  if (bodyBytes !== null && bodyBytes > bodyBytesMax) return refuse(tooLarge(bodyBytesMax))
  return {
    kind: 'head',
    bodyKind,
    encoding: encoding === 'identity' ? null : encoding,
    origin,
    bodyBytes,
  }
}

export function tooLarge(bodyBytesMax: number): Problem {
  const detail = `the body is larger than ${bodyBytesMax} bytes; send it in several requests`
  return toProblem('body_too_large', detail)
}

function refuse(problem: Problem): Refused {
  return { kind: 'refused', problem }
}

/** Senders write a handful of them. */
const parseType = memoize(findBodyKind, TYPE_COUNT_MAX)

function findBodyKind(text: string): BodyKind | Refused {
  const [type = '', ...parameters] = text.split(';').map(part => part.trim().toLowerCase())
  const bodyKind = BODY_KINDS.get(type)
  if (bodyKind === undefined) {
    const mend = 'send it with Content-Type: application/json or application/x-ndjson'
    const detail = `the body is of type '${type}'; ${mend}`
    return refuse(toProblem('type_unsupported', detail))
  }
  const charset = parameters.find(parameter => parameter.startsWith('charset='))?.slice(8)
  if (charset !== undefined && !/^"?utf-?8"?$/.test(charset)) {
    const detail = `the body is of charset ${charset}; events are JSON in UTF-8`
    return refuse(toProblem('type_unsupported', detail))
  }
  return bodyKind
}

function parseOrigin(headers: IncomingHttpHeaders, bodyKind: BodyKind): Origin | Refused | null {
  const file = one(headers['x-weir-file'])
  const line = one(headers['x-weir-line'])
  const reason = one(headers['x-weir-reason'])
  const length = one(headers['x-weir-length'])
  const sha256 = one(headers['x-weir-sha256'])
  const ofOneItem = [line, reason, length, sha256]
  if (file === null && ofOneItem.every(value => value === null)) return null
  if (bodyKind !== 'raw' && ofOneItem.some(value => value !== null)) {
    return refuseHeader(
      'X-Weir-Line, -Reason, -Length and -Sha256 tell of one item; ' +
        'send it as application/octet-stream',
    )
  }
  if (file !== null && file.length > FILE_LENGTH_MAX) {
    return refuseHeader(`X-Weir-File is longer than ${FILE_LENGTH_MAX} characters; shorten it`)
  }
  if (line !== null && !/^[1-9]\d{0,14}$/.test(line)) {
    return refuseHeader(`X-Weir-Line is '${line}'; write a whole number from 1`)
  }
  if (reason !== null && !isInvalidCode(reason)) {
    return refuseHeader(`X-Weir-Reason is '${reason}', which is no code of an invalid event`)
  }
  const cut = parseCut(length, sha256)
  if (cut !== null && 'problem' in cut) return cut
  return {
    reason,
    cut,
    file: file === null ? null : decodePercent(file),
    line: line === null ? null : Number(line),
  }
}

/** Of an item that the sender had to cut: how long it was, and its SHA-256. */
function parseCut(length: string | null, sha256: string | null): Cut | Refused | null {
  if (length === null && sha256 === null) return null
  if (length === null || !/^[1-9]\d{0,14}$/.test(length) || !/^[0-9a-f]{64}$/.test(sha256 ?? '')) {
    return refuseHeader(
      'X-Weir-Length and X-Weir-Sha256 are not a length in bytes and 64 lower-case hex digits',
    )
  }
  return { lengthBytes: Number(length), sha256: sha256 ?? '' }
}

function refuseHeader(detail: string): Refused {
  return refuse(toProblem('header_invalid', detail))
}

function isInvalidCode(text: string): text is InvalidCode {
  return Object.hasOwn(INVALID_CODES, text)
}

/** Node joins repeated headers of other names with commas. */
function one(value: string | readonly string[] | undefined): string | null {
  return typeof value === 'string' ? value : null
}

function decodePercent(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
