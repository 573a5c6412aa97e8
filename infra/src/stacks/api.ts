/**
 * Answers for others: the routes of the contract (`src/api/contract.ts`) that a reader of the
 * results place can serve, behind API Gateway, which asks for keys and bounds who asks too much;
 * one function that may read what readers may see and nothing else; and the page, over CloudFront.
 */
import { CfnOutput, Lazy, Stack } from 'aws-cdk-lib'
import type { Method, MethodOptions, RestApi } from 'aws-cdk-lib/aws-apigateway'
import { LambdaIntegration, RequestValidator } from 'aws-cdk-lib/aws-apigateway'
import type { Distribution } from 'aws-cdk-lib/aws-cloudfront'
import type { IFunction } from 'aws-cdk-lib/aws-lambda'
import type { IBucket } from 'aws-cdk-lib/aws-s3'
import type { Construct } from 'constructs'
import type { Route } from '../../../src/api/contract/route.ts'
import { READER_ROUTES, ROUTES } from '../../../src/api/contract.ts'
import { addKeyedPlan } from '../parts/keyed-plan.ts'
import { createNodeFunction } from '../parts/node-function.ts'
import { createDashboard, deployPage } from '../parts/page.ts'
import { READERS_RESULTS, toResultsUrl } from '../parts/places.ts'
import type { Throttle } from '../parts/rest-api.ts'
import { createRestApi } from '../parts/rest-api.ts'
import type { WeirStackProps } from '../parts/stack-props.ts'
import { allowListing, allowObjects } from '../parts/statements.ts'
import type { Settings } from '../settings.ts'

export interface ApiProps extends WeirStackProps {
  readonly resultsBucket: IBucket
}

export class ApiStack extends Stack {
  readonly restApi: RestApi
  readonly apiFunction: IFunction
  /** Of the page; null: there is none. */
  readonly distribution: Distribution | null

  constructor(scope: Construct, id: string, props: ApiProps) {
    super(scope, id, props)
    const { settings } = props
    // The page names its API, and the API the page's origin: one of them has to come first.
    const apiOrigin = Lazy.string({ produce: () => toOrigin(this.restApi) })
    const dashboard = settings.dashboard ? createDashboard(this, apiOrigin) : null
    const page = dashboard === null ? [] : [toPageOrigin(dashboard.distribution)]
    const origins = [...page, ...settings.corsOrigins]
    this.distribution = dashboard?.distribution ?? null
    this.apiFunction = createFunction(this, props, origins)
    this.restApi = createApi(this, { settings, origins, answers: this.apiFunction })
    if (dashboard !== null) deployPage(this, dashboard, toUrl(this.restApi))
    new CfnOutput(this, 'ApiUrl', { value: `${toUrl(this.restApi)}/` })
    for (const value of page) new CfnOutput(this, 'PageUrl', { value })
  }
}

/** What its answers are made of. Beside them lie rejects, as they came: those it never sees. */
const READ = ['root.json', 'manifests/*', 'objects/*', 'runs/*'].map(
  key => `${READERS_RESULTS}/${key}`,
)
const STAGE = 'weir'
/** Large answers are sorted and written in it; CPU comes with it. */
const MEMORY_MIB = 1024
/** API Gateway waits 29 s. */
const TIMEOUT_SECONDS = 28
/** More would be refused, not paid for. */
const RESERVED = 10
/** Whoever has no key shares this with all who have none. */
const OPEN_THROTTLE: Throttle = { rate: 5, burst: 10 }

function createFunction(
  scope: Construct,
  { resultsBucket }: ApiProps,
  origins: readonly string[],
): IFunction {
  const made = createNodeFunction(scope, 'Api', {
    folder: 'api',
    about: 'answers questions from the results',
    memoryMib: MEMORY_MIB,
    timeoutSeconds: TIMEOUT_SECONDS,
    reserved: RESERVED,
    takesConfig: true,
    environment: { WEIR_RESULTS: toResultsUrl(resultsBucket), WEIR_CORS: origins.join(',') },
    statements: [
      allowListing(resultsBucket, READ),
      allowObjects(resultsBucket, ['s3:GetObject'], READ),
    ],
  })
  return made.function
}

interface Served {
  readonly settings: Settings
  readonly origins: readonly string[]
  readonly answers: IFunction
}

function createApi(scope: Construct, { settings, origins, answers }: Served): RestApi {
  const routes = READER_ROUTES.map(name => ROUTES[name])
  const api = createRestApi(scope, 'RestApi', {
    name: `${settings.name}-api`,
    about: 'answers questions about what happened in the shop',
    stageName: STAGE,
    origins,
    throttle: settings.throttle,
    methodThrottles: Object.fromEntries(
      routes
        .filter(({ scope: need }) => need === null)
        .map(route => [toName(route), OPEN_THROTTLE]),
    ),
  })
  const requestValidator = new RequestValidator(scope, 'Validator', {
    restApi: api,
    validateRequestParameters: true,
    validateRequestBody: true,
  })
  const integration = new LambdaIntegration(answers, { allowTestInvoke: false })
  const methods = routes.map(route => ({
    route,
    method: api.root
      .resourceForPath(route.path)
      .addMethod(route.method, integration, { ...toMethodOptions(route), requestValidator }),
  }))
  addPlan(api, settings, methods)
  return api
}

function toName({ method, path }: Route): string {
  return `${path}/${method}`
}

/** Which parameters there are, and which must be; the function says what their values may be. */
function toMethodOptions(route: Route): MethodOptions {
  const parameters = route.parameters.map(({ name, in: place }): [string, boolean] => {
    const at = place === 'query' ? 'querystring' : place
    return [`method.request.${at}.${name}`, place === 'path']
  })
  return {
    apiKeyRequired: route.scope !== null,
    requestParameters: Object.fromEntries(parameters),
  }
}

interface ServedMethod {
  readonly route: Route
  readonly method: Method
}

/** A question over many windows costs the most: half of what a key may ask. */
function addPlan(api: RestApi, settings: Settings, methods: readonly ServedMethod[]): void {
  const { rate, burst } = settings.throttle
  const half = { rate: Math.ceil(rate / 2), burst: Math.ceil(burst / 2) }
  addKeyedPlan(api, 'Plan', {
    name: `${settings.name}-api`,
    about: 'who may ask for counts',
    keys: settings.apiKeys,
    throttle: settings.throttle,
    methodThrottles: methods
      .filter(({ route }) => route.hasKeys)
      .map(({ method }) => ({ method, throttle: half })),
  })
}

/** Not by the stage, which is made after what names it. */
function toOrigin(api: RestApi): string {
  const { region, urlSuffix } = Stack.of(api)
  return `https://${api.restApiId}.execute-api.${region}.${urlSuffix}`
}

function toUrl(api: RestApi): string {
  return `${toOrigin(api)}/${STAGE}`
}

function toPageOrigin({ distributionDomainName }: Distribution): string {
  return `https://${distributionDomainName}`
}
