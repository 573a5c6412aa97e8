/** The page of the HTTP API: its routes, and the fields of their answers. */
import { z } from 'zod'
import { KEY_ABOUT } from '../../src/api/contract/parameters.ts'
import type { Route } from '../../src/api/contract.ts'
import { ROUTES } from '../../src/api/contract.ts'
import { toFamilies } from '../../src/api/scrape.ts'
import { COLLECTOR_LIMITS } from '../../src/collector/collector.ts'
import { MIB } from '../../src/std/units.ts'
import { code, paragraph, toPage, toTable } from './markdown.ts'

/** What zod gives; only what the contract uses. */
interface Schema {
  readonly type?: string | readonly string[]
  readonly properties?: { readonly [name: string]: Schema }
  readonly items?: Schema
  readonly anyOf?: readonly Schema[]
  readonly enum?: readonly string[]
}

/** Longer lists of words are told elsewhere. */
const ENUM_SHOWN_MAX = 7

export function toApiPage(): string {
  return toPage('HTTP API', 'src/api/contract.ts', [
    paragraph(
      'Times are RFC 3339 in UTC and names are snake_case. A refusal is a ' +
        '[problem](problems.md). The Host header must name the machine. Where there are ' +
        '[keys](../guides/keys.md), a route needs one of the scope that it names, `admin` can do ' +
        'what `read` can, and from this machine `/metrics` needs none. A page of ' +
        'another origin may send and ask where the origin is listed.',
    ),
    paragraph(
      'A process tells this contract itself: `GET /openapi.json` as OpenAPI 3.1, `GET /docs` ' +
        'as a page.',
    ),
    Object.values(ROUTES).map(toRouteSection),
  ])
}

function toRouteSection(route: Route): string {
  const parameters = route.parameters.map(({ name, about }) => [code(name), about])
  const keys = route.hasKeys ? [[code('key.NAME'), KEY_ABOUT]] : []
  const rows = [...parameters, ...keys]
  return [
    `## ${route.method} ${route.path}`,
    paragraph(`${toSentence(route.summary)} Scope: ${route.scope ?? 'none'}.`),
    ...(route.about === '' ? [] : [paragraph(route.about)]),
    ...(route === ROUTES.collect ? [toLimits()] : []),
    ...(rows.length === 0 ? [] : [toTable(['parameter', ''], rows)]),
    ...toAnswerParts(route),
    ...(route.problems.length === 0 ? [] : [toProblemsText(route)]),
  ].join('\n\n')
}

function toSentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`
}

function toLimits(): string {
  const { bodyBytesMax, itemCountMax } = COLLECTOR_LIMITS
  return `A body has at most ${bodyBytesMax / MIB} MiB and ${itemCountMax} events.`
}

function toAnswerParts(route: Route): readonly string[] {
  if (route === ROUTES.scrape) return [toFamilyTable()]
  const [first] = route.answers
  if (first === undefined) return []
  const media = first.media.map(code).join(', ')
  if (first.schema === null) return [`Answers ${media}.`]
  const fields = toFieldRows('', z.toJSONSchema(first.schema) as Schema)
  return [`Answers ${media}:`, toTable(['field', 'type'], fields)]
}

function toProblemsText(route: Route): string {
  const codes = route.problems.map(code).join(', ')
  return paragraph(`[Problems](problems.md) of its own: ${codes}.`)
}

function toFieldRows(path: string, schema: Schema): readonly (readonly string[])[] {
  const inner = schema.items ?? schema
  const place = schema.items === undefined ? path : `${path}[]`
  const own = path === '' ? [] : [[code(place), toTypeText(inner)]]
  const shape = inner.anyOf?.find(member => member.properties !== undefined) ?? inner
  const properties = Object.entries(shape.properties ?? {}).flatMap(([name, property]) =>
    toFieldRows(place === '' ? name : `${place}.${name}`, property),
  )
  if (properties.length === 0) return own
  return shape === inner ? properties : [...own, ...properties]
}

function toTypeText(schema: Schema): string {
  if (schema.anyOf !== undefined) return [...new Set(schema.anyOf.map(toTypeText))].join(' or ')
  if (schema.enum !== undefined && schema.enum.length <= ENUM_SHOWN_MAX) {
    return schema.enum.map(code).join(', ')
  }
  return [schema.type ?? 'any'].flat().join(' or ')
}

/** The families are there whatever was counted. */
function toFamilyTable(): string {
  const families = toFamilies({
    audit: { balanced: true, progress: null, lag: 0, partitions: [] },
    bounds: [],
    progress: null,
    version: '',
    counters: {
      startMs: 0,
      residentBytes: 0,
      freshnessS: null,
      live: { clients: 0, dropped: 0 },
      worker: { shards: 0, assignments: 0, commits: 0, fenced: 0 },
      collector: {
        requests: new Map(),
        itemsStored: 0,
        itemsInvalid: 0,
        callsIgnored: new Map(),
        inFlightRequests: 0,
        inFlightBytes: 0,
      },
      refusals: new Map(),
    },
  })
  const rows = families.map(({ name, kind, help }) => [code(name), kind, help])
  return toTable(['metric', 'kind', 'what it is'], rows)
}
