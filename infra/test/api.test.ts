import { Match } from 'aws-cdk-lib/assertions'
import { describe, expect, test } from 'vitest'
import { READER_ROUTES, ROUTES } from '../../src/api/contract.ts'
import { apiAlone } from './support/alone.ts'
import type { PlainTemplate, Resource } from './support/resolve.ts'
import { createResolve } from './support/resolve.ts'

const SHOP = 'https://shop.example'
const OTHER = 'https://www.shop.example'

const template = apiAlone()
const plain = template.toJSON() as PlainTemplate
const resolve = createResolve(new Map([['weir-api', plain]]))
const routes = READER_ROUTES.map(name => ROUTES[name])

interface Method {
  readonly HttpMethod: string
  readonly ResourceId: unknown
  readonly ApiKeyRequired?: boolean
  readonly AuthorizationType: string
  readonly RequestParameters?: Readonly<Record<string, boolean>>
  readonly RequestValidatorId?: unknown
}

describe('the routes', () => {
  test('are those of the contract that a reader serves, and no others', () => {
    const declared = methods().filter(({ HttpMethod }) => HttpMethod !== 'OPTIONS')
    expect(declared.map(toName).toSorted()).toEqual(
      routes.map(({ method, path }) => `${method} ${path}`).toSorted(),
    )
  })

  test('ask for a key where numbers are told', () => {
    const open = methods()
      .filter(one => one.HttpMethod !== 'OPTIONS' && one.ApiKeyRequired !== true)
      .map(toName)
    expect(open.toSorted()).toEqual([
      'GET /docs',
      'GET /healthz',
      'GET /openapi.json',
      'GET /problems/{code}',
      'GET /readyz',
    ])
  })

  test('know their parameters, and check what has to be there', () => {
    const result = methods().find(one => toName(one) === 'GET /v1/metrics/{name}')
    expect(result?.RequestParameters).toMatchObject({
      'method.request.path.name': true,
      'method.request.querystring.limit': false,
      'method.request.querystring.cursor': false,
    })
    for (const method of methods().filter(one => one.HttpMethod !== 'OPTIONS')) {
      expect(method.RequestValidatorId).toBeDefined()
    }
    template.hasResourceProperties('AWS::ApiGateway::RequestValidator', {
      ValidateRequestBody: true,
      ValidateRequestParameters: true,
    })
  })

  test('may be called by this API alone', () => {
    const permissions = Object.values(template.findResources('AWS::Lambda::Permission'))
    expect(permissions).toHaveLength(routes.length)
    for (const { Properties } of permissions) {
      expect(JSON.stringify(Properties.SourceArn)).toMatch(/\/(GET|POST)\/[\w./*]+"/)
      expect(Properties.Principal).toBe('apigateway.amazonaws.com')
    }
  })
})

describe('who has a key', () => {
  test('has it for this stage, and is bound by a plan', () => {
    const two = apiAlone({ apiKeys: ['shop', 'board'] })
    two.resourceCountIs('AWS::ApiGateway::ApiKey', 2)
    two.resourceCountIs('AWS::ApiGateway::UsagePlanKey', 2)
    two.resourceCountIs('AWS::ApiGateway::UsagePlan', 1)
    for (const Name of ['weir-api-shop', 'weir-api-board']) {
      two.hasResourceProperties('AWS::ApiGateway::ApiKey', { Name, Enabled: true })
    }
  })

  test('is throttled, more so where an answer costs more', () => {
    const half = { RateLimit: 3, BurstLimit: 5 }
    const small = apiAlone({ throttle: { rate: 5, burst: 10 } })
    small.hasResourceProperties('AWS::ApiGateway::UsagePlan', {
      Throttle: { RateLimit: 5, BurstLimit: 10 },
      ApiStages: [
        Match.objectLike({
          Throttle: { '/v1/metrics/{name}/GET': half, '/v1/top/{name}/GET': half },
        }),
      ],
    })
    small.hasResourceProperties('AWS::ApiGateway::Stage', {
      MethodSettings: Match.arrayWith([
        Match.objectLike({
          ResourcePath: '/*',
          HttpMethod: '*',
          ThrottlingRateLimit: 5,
          ThrottlingBurstLimit: 10,
        }),
        Match.objectLike({ ResourcePath: '/~1healthz', ThrottlingRateLimit: 5 }),
      ]),
    })
  })
})

describe('pages of other origins', () => {
  const shop = apiAlone({ corsOrigins: [SHOP, OTHER], dashboard: false })
  const none = apiAlone({ dashboard: false })

  test('ask without a key whether they may', () => {
    const asked = methods().filter(one => one.HttpMethod === 'OPTIONS')
    expect(asked.length).toBeGreaterThanOrEqual(routes.length)
    for (const method of asked) {
      expect(method).toMatchObject({ ApiKeyRequired: false, AuthorizationType: 'NONE' })
    }
  })

  test('are let in by a list, letter by letter', () => {
    shop.hasResourceProperties('AWS::ApiGateway::Method', {
      HttpMethod: 'OPTIONS',
      Integration: {
        IntegrationResponses: [
          Match.objectLike({
            ResponseParameters: Match.objectLike({
              'method.response.header.Access-Control-Allow-Origin': `'${SHOP}'`,
              'method.response.header.Access-Control-Allow-Headers':
                Match.stringLikeRegexp('X-Api-Key'),
              'method.response.header.Vary': "'Origin'",
            }),
            ResponseTemplates: {
              'application/json': Match.stringLikeRegexp(`\\$origin == "${OTHER}"`),
            },
          }),
        ],
      },
    })
    const text = JSON.stringify(shop.toJSON())
    expect(text).not.toContain("'*'")
    expect(text).toContain(`"WEIR_CORS":"${SHOP},${OTHER}"`)
  })

  test('may read what the gateway refuses by itself', () => {
    const one = apiAlone({ corsOrigins: [SHOP], dashboard: false })
    const refusals = Object.values(one.findResources('AWS::ApiGateway::GatewayResponse'))
    const types = refusals.map(({ Properties }) => Properties.ResponseType)
    expect(types).toEqual(expect.arrayContaining(['DEFAULT_4XX', 'DEFAULT_5XX', 'THROTTLED']))
    for (const { Properties } of refusals) {
      expect(Properties.ResponseParameters).toMatchObject({
        'gatewayresponse.header.Access-Control-Allow-Origin': `'${SHOP}'`,
        'gatewayresponse.header.Vary': "'Origin'",
      })
    }
  })

  test('are nobody where there is no list', () => {
    const all = Object.values(none.findResources('AWS::ApiGateway::Method'))
    expect(all.filter(({ Properties }) => Properties.HttpMethod === 'OPTIONS')).toEqual([])
    expect(JSON.stringify(none.toJSON())).not.toContain('Access-Control')
  })
})

describe('what the gateway refuses by itself', () => {
  test('looks as the problems of the contract do', () => {
    const refusals = Object.values(template.findResources('AWS::ApiGateway::GatewayResponse'))
    expect(refusals.length).toBeGreaterThan(8)
    for (const { Properties } of refusals) {
      const problem: unknown = JSON.parse(Properties.ResponseTemplates['application/json'])
      expect(problem).toEqual({
        type: expect.stringMatching(/^\/problems\/\w+$/),
        title: expect.any(String),
        status: expect.any(Number),
        code: expect.any(String),
        detail: expect.any(String),
      })
    }
  })

  test('says of a path that is not there that it is not', () => {
    template.hasResourceProperties('AWS::ApiGateway::GatewayResponse', {
      ResponseType: 'MISSING_AUTHENTICATION_TOKEN',
      StatusCode: '404',
    })
  })

  test('says when to come back', () => {
    template.hasResourceProperties('AWS::ApiGateway::GatewayResponse', {
      ResponseType: 'THROTTLED',
      ResponseParameters: Match.objectLike({ 'gatewayresponse.header.Retry-After': "'1'" }),
    })
  })
})

describe('the function', () => {
  test('has a bound on how many run, and less time than the gateway waits', () => {
    template.hasResourceProperties('AWS::Lambda::Function', {
      Runtime: 'nodejs24.x',
      Architectures: ['arm64'],
      ReservedConcurrentExecutions: 10,
      Timeout: 28,
      MemorySize: 1024,
      Environment: { Variables: Match.objectLike({ WEIR_RESULTS: 's3://shop-results/weir' }) },
    })
  })
})

test('its address ends as a folder does, so that paths are written behind it', () => {
  const { Value } = plain.Outputs?.['ApiUrl'] ?? {}
  expect(resolve('weir-api', Value)).toMatch(
    /^https:\/\/\S+\.execute-api\.eu-central-1\.amazonaws\.com\/weir\/$/,
  )
})

describe('the log of who asked', () => {
  test('has which key, and not the key', () => {
    const [stage] = Object.values(template.findResources('AWS::ApiGateway::Stage'))
    const format = stage?.['Properties'].AccessLogSetting.Format
    expect(JSON.parse(format)).toMatchObject({ key_id: '$context.identity.apiKeyId' })
    expect(format).not.toMatch(/identity\.apiKey"|header|querystring/i)
  })

  test('is not kept for ever', () => {
    template.allResourcesProperties('AWS::Logs::LogGroup', { RetentionInDays: Match.anyValue() })
  })
})

describe('the page', () => {
  test('is read by its distribution alone', () => {
    template.hasResourceProperties('AWS::CloudFront::OriginAccessControl', {
      OriginAccessControlConfig: {
        OriginAccessControlOriginType: 's3',
        SigningBehavior: 'always',
        SigningProtocol: 'sigv4',
      },
    })
    template.hasResourceProperties('AWS::S3::Bucket', {
      PublicAccessBlockConfiguration: { BlockPublicPolicy: true, RestrictPublicBuckets: true },
    })
  })

  test('goes over TLS, and talks to its API and to nobody else', () => {
    template.hasResourceProperties('AWS::CloudFront::Distribution', {
      DistributionConfig: {
        DefaultRootObject: 'index.html',
        DefaultCacheBehavior: { ViewerProtocolPolicy: 'redirect-to-https' },
      },
    })
    const headers = only('AWS::CloudFront::ResponseHeadersPolicy')
    const policy = JSON.stringify(resolve('weir-api', headers.Properties))
    expect(policy).toMatch(
      /connect-src 'self' https:\/\/\S+\.execute-api\.eu-central-1\.amazonaws\.com;/,
    )
    expect(policy).toContain("default-src 'self'")
    expect(policy).not.toMatch(/unsafe|\*/)
  })

  test('is told its API, and the API its origin', () => {
    const deployed = resolve('weir-api', only('Custom::CDKBucketDeployment').Properties)
    expect(JSON.stringify(deployed)).toContain('"RetainOnDelete":false')
    const functions = Object.values(template.findResources('AWS::Lambda::Function'))
    const cors = functions
      .map(({ Properties }) => Properties.Environment?.Variables?.WEIR_CORS)
      .filter(value => value !== undefined)
      .map(value => resolve('weir-api', value))
    expect(cors).toEqual([expect.stringMatching(/^https:\/\/domainname-of-weir-api-page\w+$/)])
  })

  test('is not there where it is not wanted', () => {
    const bare = apiAlone({ dashboard: false })
    bare.resourceCountIs('AWS::CloudFront::Distribution', 0)
    bare.resourceCountIs('AWS::S3::Bucket', 0)
    bare.resourceCountIs('AWS::Lambda::Function', 1)
  })
})

function methods(): readonly Method[] {
  return Object.values(template.findResources('AWS::ApiGateway::Method')).map(
    method => method['Properties'],
  )
}

function toName({ HttpMethod, ResourceId }: Method): string {
  return `${HttpMethod} ${pathOf(ResourceId)}`
}

/** As the resources of the template hang together. */
function pathOf(id: unknown): string {
  const { Ref } = id as { readonly Ref?: string }
  if (Ref === undefined) return ''
  const { ParentId, PathPart } = plain.Resources[Ref]?.Properties ?? {}
  return `${pathOf(ParentId)}/${String(PathPart)}`
}

function only(type: string): Resource {
  const [first, ...others] = Object.values(plain.Resources).filter(({ Type }) => Type === type)
  if (first === undefined || others.length > 0) throw new Error(`not one ${type}`)
  return first
}
