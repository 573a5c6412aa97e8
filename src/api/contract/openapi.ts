/** The contract as OpenAPI 3.1.1 (https://spec.openapis.org/oas/v3.1.1.html): a pure function. */
import { z } from 'zod'
import type { MetricPlan } from '../../model/plan.ts'
import { listProblems, toProblemPath } from '../../model/problem.ts'
import * as answers from './answers.ts'
import { repairSchema, traceSchema } from './event-answers.ts'
import {
  byParameter,
  groupParameter,
  KEY_ABOUT,
  measuresParameter,
  nameParameter,
  noKeyParameter,
} from './parameters.ts'
import { rebuildStateSchema } from './rebuild.ts'
import type { Answer, Parameter, Route } from './route.ts'
import { COMMON_PROBLEMS, KEY_PROBLEMS } from './route.ts'

type Json = { readonly [name: string]: unknown }

export interface OpenApiOptions {
  readonly routes: { readonly [name: string]: Route }
  /** What can be asked for here: names of metrics and of fields of their keys. */
  readonly plans: readonly MetricPlan[]
  readonly version: string
}

/** Shapes that have a name of their own. */
const SHAPES: { readonly [name: string]: z.ZodType } = {
  Metrics: answers.metricsSchema,
  Result: answers.resultSchema,
  Top: answers.topSchema,
  Audit: answers.auditSchema,
  Quarantine: answers.quarantineSchema,
  Reject: answers.rejectSchema,
  Repair: repairSchema,
  Rebuild: rebuildStateSchema,
  Trace: traceSchema,
  TailLine: answers.tailLineSchema,
  Collected: answers.collectedSchema,
  Succeeded: answers.succeededSchema,
  Health: answers.healthSchema,
  Problem: answers.problemSchema,
}

export function toOpenApi(options: OpenApiOptions): Json {
  const paths: Record<string, Record<string, Json>> = {}
  for (const [name, route] of Object.entries(options.routes)) {
    const operations = paths[route.path] ?? {}
    operations[route.method.toLowerCase()] = toOperation(name, route, options)
    paths[route.path] = operations
  }
  return {
    openapi: '3.1.1',
    info: {
      title: 'Weir',
      version: options.version,
      summary: 'Counts what happens in a shop, as it happens, and the numbers add up.',
      description:
        'Times are RFC 3339 in UTC and names are snake_case. A refusal is a problem (RFC 9457) ' +
        'whose `code` is stable and whose `type` is a page of this process.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/' }],
    paths,
    components: {
      securitySchemes: {
        key: { type: 'apiKey', in: 'header', name: 'X-Api-Key' },
        bearer: { type: 'http', scheme: 'bearer' },
      },
      schemas: Object.fromEntries(
        Object.entries(SHAPES).map(([name, shape]) => [name, toJsonSchema(shape)]),
      ),
    },
  }
}

function toOperation(name: string, route: Route, options: OpenApiOptions): Json {
  const keys = route.hasKeys ? toKeyParameters(options.plans) : []
  const parameters = [...route.parameters.map(one => toParameter(one, options)), ...keys]
  return {
    operationId: name,
    summary: route.summary,
    ...(route.about === '' ? {} : { description: route.about }),
    'x-scope': route.scope ?? 'none',
    security: toSecurity(route),
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(route.body === null ? {} : { requestBody: toRequestBody(route.body) }),
    responses: toResponses(route),
  }
}

/** Where no key was made none is asked for. */
function toSecurity({ scope }: Route): readonly Json[] {
  return scope === null ? [] : [{ key: [scope] }, { bearer: [scope] }, {}]
}

function toParameter(parameter: Parameter, { plans }: OpenApiOptions): Json {
  const { name, about, example, schema, isList = false } = parameter
  const names = namesFor(parameter, plans)
  const own = names === null ? toJsonSchema(schema) : { type: 'string', enum: names }
  const shown = names === null || names.includes(String(example)) ? example : (names[0] ?? '')
  return {
    name,
    in: parameter.in,
    description: about,
    required: parameter.in === 'path',
    schema: isList ? { type: 'array', items: own } : own,
    ...(isList ? { style: 'form', explode: false } : {}),
    example: isList ? String(shown).split(',') : shown,
  }
}

/** What can be told here, over all metrics; null: anything of its schema. */
function namesFor(parameter: Parameter, plans: readonly MetricPlan[]): readonly string[] | null {
  if (plans.length === 0) return null
  const keys = plans.flatMap(plan => plan.groupBy.map(ref => ref.name))
  switch (parameter) {
    case nameParameter:
      return plans.map(plan => plan.name)
    case groupParameter:
      return [...new Set(['', ...keys])]
    case noKeyParameter:
      return [...new Set(keys)]
    case measuresParameter:
    case byParameter:
      return [...new Set(plans.flatMap(plan => plan.measures.map(measure => measure.name)))]
    default:
      return null
  }
}

function toKeyParameters(plans: readonly MetricPlan[]): readonly Json[] {
  const names = [...new Set(plans.flatMap(plan => plan.groupBy.map(ref => ref.name)))]
  return names.map(name => ({
    name: `key.${name}`,
    in: 'query',
    description: KEY_ABOUT,
    required: false,
    schema: { type: 'array', items: { type: 'string' } },
    style: 'form',
    explode: true,
  }))
}

function toRequestBody(body: NonNullable<Route['body']>): Json {
  const schema = body.schema === null ? {} : toJsonSchema(body.schema)
  const content = body.media.map(media => [media, { schema, example: body.example }])
  return { description: body.about, required: true, content: Object.fromEntries(content) }
}

function toResponses(route: Route): Json {
  const known = listProblems()
  const codes = [
    ...new Set([
      ...COMMON_PROBLEMS,
      ...(route.scope === null ? [] : KEY_PROBLEMS),
      ...route.problems,
    ]),
  ]
  const byStatus = Map.groupBy(
    known.filter(problem => codes.some(code => code === problem.code)),
    problem => problem.status,
  )
  const responses = new Map<number, { description: string; content: Record<string, Json> }>()
  for (const answer of route.answers) responses.set(answer.status, toResponse(answer))
  for (const [status, problems] of byStatus) {
    const words = problems.map(({ code, when }) => `- [${code}](${toProblemPath(code)}): ${when}`)
    const before = responses.get(status)
    responses.set(status, {
      description: [...(before === undefined ? [] : [before.description]), ...words].join('\n'),
      content: { ...before?.content, 'application/problem+json': { schema: refer('Problem') } },
    })
  }
  responses.set(431, { description: 'the path, query and headers are too large', content: {} })
  const ascending = [...responses].toSorted(([left], [right]) => left - right)
  return Object.fromEntries(ascending.map(([status, response]) => [String(status), response]))
}

function toResponse(answer: Answer): { description: string; content: Record<string, Json> } {
  const content = answer.media.map((media, at) => {
    const isLines = media === 'application/x-ndjson' && at > 0
    if (answer.schema === null || media.startsWith('text/') || isLines) return [media, {}]
    return [media, { schema: toReference(answer.schema) }]
  })
  return { description: answer.about, content: Object.fromEntries(content) }
}

function toReference(schema: z.ZodType): Json {
  const name = Object.keys(SHAPES).find(one => SHAPES[one] === schema)
  return name === undefined ? toJsonSchema(schema) : refer(name)
}

function refer(name: string): Json {
  return { $ref: `#/components/schemas/${name}` }
}

/** OpenAPI 3.1 takes JSON Schema as it is. */
function toJsonSchema(schema: z.ZodType): Json {
  const { $schema: _, ...json } = z.toJSONSchema(schema)
  return json
}
