/**
 * `POST /runs` and `GET /runs/{id}`: asks for a run of Spark, and how it is. For operators: a
 * signed request, or a key that is good for nothing else.
 */

import type { IModel, JsonSchema, MethodOptions, RestApi } from 'aws-cdk-lib/aws-apigateway'
import {
  AuthorizationType,
  JsonSchemaType,
  JsonSchemaVersion,
  LambdaIntegration,
  Model,
  RequestValidator,
} from 'aws-cdk-lib/aws-apigateway'
import type { IFunction } from 'aws-cdk-lib/aws-lambda'
import type { Construct } from 'constructs'
import { RUN_NAME } from '../../../src/model/run.ts'
import type { Settings } from '../settings.ts'
import { addKeyedPlan } from './keyed-plan.ts'
import { createRestApi } from './rest-api.ts'

/** Runs are few, and each costs. */
const THROTTLE = { rate: 5, burst: 10 }
const STARTING = { rate: 1, burst: 2 }
const METRICS_MAX = 1000
/** `2026-11-22T00:00:00.000+05:30`, and some. */
const TIME_LENGTH_MAX = 40
const NAME_LENGTH_MAX = 200

export function createRunsApi(scope: Construct, settings: Settings, answers: IFunction): RestApi {
  const api = createRestApi(scope, 'RunsApi', {
    name: `${settings.name}-runs`,
    about: 'asks for runs of Spark',
    stageName: 'weir',
    origins: [],
    throttle: THROTTLE,
    methodThrottles: { '/runs/POST': STARTING },
  })
  const integration = new LambdaIntegration(answers, { allowTestInvoke: false })
  const requestValidator = new RequestValidator(scope, 'RunsValidator', {
    restApi: api,
    validateRequestBody: true,
    validateRequestParameters: true,
  })
  const common: MethodOptions = { ...toLogin(settings), requestValidator }
  const runs = api.root.addResource('runs')
  const ask = runs.addMethod('POST', integration, {
    ...common,
    requestModels: { 'application/json': createModel(scope, api) },
  })
  runs.addResource('{id}').addMethod('GET', integration, {
    ...common,
    requestParameters: { 'method.request.path.id': true },
  })
  if (settings.runsAuth === 'key') {
    addKeyedPlan(api, 'RunsPlan', {
      name: `${settings.name}-runs`,
      about: 'who may ask for runs',
      keys: ['operator'],
      throttle: THROTTLE,
      methodThrottles: [{ method: ask, throttle: STARTING }],
    })
  }
  return api
}

function toLogin({ runsAuth }: Settings): MethodOptions {
  return runsAuth === 'iam'
    ? { authorizationType: AuthorizationType.IAM, apiKeyRequired: false }
    : { authorizationType: AuthorizationType.NONE, apiKeyRequired: true }
}

/** The function says the rest: what times and names are. */
const BODY: JsonSchema = {
  schema: JsonSchemaVersion.DRAFT4,
  title: 'run',
  type: JsonSchemaType.OBJECT,
  additionalProperties: false,
  properties: {
    from: { type: JsonSchemaType.STRING, maxLength: TIME_LENGTH_MAX },
    to: { type: JsonSchemaType.STRING, maxLength: TIME_LENGTH_MAX },
    run: { type: JsonSchemaType.STRING, pattern: RUN_NAME.source },
    metrics: {
      type: JsonSchemaType.ARRAY,
      minItems: 1,
      maxItems: METRICS_MAX,
      items: { type: JsonSchemaType.STRING, maxLength: NAME_LENGTH_MAX },
    },
  },
}

function createModel(scope: Construct, api: RestApi): IModel {
  return new Model(scope, 'RunModel', {
    restApi: api,
    contentType: 'application/json',
    description: 'what is to be counted',
    schema: BODY,
  })
}
