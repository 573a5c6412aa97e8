/**
 * What AWS asks for: list prices on demand, in US dollars, without taxes, discounts and free tiers.
 * None of them comes from AWS's price API. Each names the page to look at before money depends on
 * it, and how it is known: `seen`, repeated by public material at hand on the day it was taken;
 * `known`, but nothing at hand repeated it; `derived` from another price, as its line says.
 */

export const REGIONS = ['us-east-1', 'eu-central-1'] as const
export type Region = (typeof REGIONS)[number]

export interface Price {
  readonly unit: string
  readonly source: string
  /** When it was entered here, as an ISO date. */
  readonly taken: string
  readonly usd: { readonly [Name in Region]: number }
  readonly how: { readonly [Name in Region]: How }
}

export type How = 'seen' | 'known' | 'derived'

const TAKEN = '2026-11-23'

const SOURCES = {
  msk: 'https://aws.amazon.com/msk/pricing/',
  fargate: 'https://aws.amazon.com/fargate/pricing/',
  alb: 'https://aws.amazon.com/elasticloadbalancing/pricing/',
  vpc: 'https://aws.amazon.com/vpc/pricing/',
  privateLink: 'https://aws.amazon.com/privatelink/pricing/',
  transfer: 'https://aws.amazon.com/ec2/pricing/on-demand/',
  s3: 'https://aws.amazon.com/s3/pricing/',
  cloudWatch: 'https://aws.amazon.com/cloudwatch/pricing/',
  ecr: 'https://aws.amazon.com/ecr/pricing/',
  emr: 'https://aws.amazon.com/emr/pricing/',
  ebs: 'https://aws.amazon.com/ebs/pricing/',
  apiGateway: 'https://aws.amazon.com/api-gateway/pricing/',
  lambda: 'https://aws.amazon.com/lambda/pricing/',
  cloudFront: 'https://aws.amazon.com/cloudfront/pricing/',
  scheduler: 'https://aws.amazon.com/eventbridge/pricing/',
  budgets: 'https://aws.amazon.com/aws-cost-management/aws-budgets/pricing/',
} as const

type Pair = readonly [usEast1: number, euCentral1: number]

function price(source: keyof typeof SOURCES, unit: string, { amounts, how }: Amounts): Price {
  const usd = { 'us-east-1': amounts[0], 'eu-central-1': amounts[1] }
  const hows = { 'us-east-1': how[0], 'eu-central-1': how[1] }
  return { unit, source: SOURCES[source], taken: TAKEN, usd, how: hows }
}

interface Amounts {
  readonly amounts: Pair
  readonly how: readonly [usEast1: How, euCentral1: How]
}

function seen(...amounts: Pair): Amounts {
  return { amounts, how: ['seen', 'seen'] }
}

function halfSeen(...amounts: Pair): Amounts {
  return { amounts, how: ['seen', 'known'] }
}

function known(...amounts: Pair): Amounts {
  return { amounts, how: ['known', 'known'] }
}

export type PriceName =
  | 'brokerSmall'
  | 'brokerStandard'
  | 'brokerStorage'
  | 'fargateVcpu'
  | 'fargateMemory'
  | 'albHour'
  | 'albCapacity'
  | 'publicAddress'
  | 'endpointHour'
  | 'zoneTransfer'
  | 'internetTransfer'
  | 's3Storage'
  | 's3Write'
  | 's3Read'
  | 'logsTaken'
  | 'logsKept'
  | 'metric'
  | 'alarm'
  | 'alarmDashboard'
  | 'image'
  | 'emrVcpu'
  | 'emrMemory'
  | 'instance'
  | 'instanceSpot'
  | 'volume'
  | 'apiRequest'
  | 'lambdaRequest'
  | 'lambdaTime'
  | 'pageTransfer'
  | 'pageRequest'
  | 'schedule'
  | 'budgetAction'

/** By what is paid for. */
export const PRICES: { readonly [Name in PriceName]: Price } = {
  /** kafka.t3.small. */
  brokerSmall: price('msk', 'broker-hour', seen(0.0456, 0.0526)),
  /** kafka.m7g.large; in Frankfurt by the ratio of the small ones. */
  brokerStandard: price('msk', 'broker-hour', {
    amounts: [0.204, 0.2353],
    how: ['seen', 'derived'],
  }),
  brokerStorage: price('msk', 'GB-month', halfSeen(0.1, 0.119)),
  /** Linux on ARM. */
  fargateVcpu: price('fargate', 'vCPU-hour', halfSeen(0.032_38, 0.037_25)),
  fargateMemory: price('fargate', 'GB-hour', halfSeen(0.003_56, 0.004_09)),
  albHour: price('alb', 'hour', halfSeen(0.0225, 0.027)),
  albCapacity: price('alb', 'LCU-hour', halfSeen(0.008, 0.008)),
  publicAddress: price('vpc', 'address-hour', seen(0.005, 0.005)),
  endpointHour: price('privateLink', 'endpoint-hour', known(0.01, 0.012)),
  /** 0.01 to whoever sends, and 0.01 to whoever receives. */
  zoneTransfer: price('transfer', 'GB', seen(0.02, 0.02)),
  internetTransfer: price('transfer', 'GB', seen(0.09, 0.09)),
  /** S3 Standard. */
  s3Storage: price('s3', 'GB-month', halfSeen(0.023, 0.0245)),
  /** PUT, COPY, POST and LIST. */
  s3Write: price('s3', '1,000 puts or lists', halfSeen(0.005, 0.0054)),
  s3Read: price('s3', '1,000 gets', halfSeen(0.0004, 0.000_43)),
  logsTaken: price('cloudWatch', 'GB', halfSeen(0.5, 0.63)),
  logsKept: price('cloudWatch', 'GB-month', halfSeen(0.03, 0.0324)),
  metric: price('cloudWatch', 'metric-month', halfSeen(0.3, 0.3)),
  alarm: price('cloudWatch', 'alarm-month', known(0.1, 0.1)),
  alarmDashboard: price('cloudWatch', 'dashboard-month', known(3, 3)),
  image: price('ecr', 'GB-month', known(0.1, 0.1)),
  /** On ARM; in Frankfurt as much below x86 (0.060528 and 0.006643) as in Virginia: a fifth. */
  emrVcpu: price('emr', 'vCPU-hour', {
    amounts: [0.042_094, 0.048_422],
    how: ['known', 'derived'],
  }),
  emrMemory: price('emr', 'GB-hour', {
    amounts: [0.004_628, 0.005_314],
    how: ['known', 'derived'],
  }),
  /** r7g.xlarge, Linux; in Frankfurt by the ratio of r6g.xlarge. */
  instance: price('transfer', 'instance-hour', {
    amounts: [0.2142, 0.2588],
    how: ['known', 'derived'],
  }),
  /** Spot prices change by the hour: 40 % of the list price is a guess. */
  instanceSpot: price('transfer', 'instance-hour', {
    amounts: [0.0857, 0.1035],
    how: ['derived', 'derived'],
  }),
  /** gp3. */
  volume: price('ebs', 'GB-month', halfSeen(0.08, 0.0952)),
  /** REST. */
  apiRequest: price('apiGateway', 'million requests', halfSeen(3.5, 3.7)),
  lambdaRequest: price('lambda', 'million requests', halfSeen(0.2, 0.2)),
  /** On ARM. */
  lambdaTime: price('lambda', 'GB-second', known(0.000_013_333_4, 0.000_013_333_4)),
  pageTransfer: price('cloudFront', 'GB', halfSeen(0.085, 0.085)),
  pageRequest: price('cloudFront', '10,000 requests', known(0.01, 0.012)),
  schedule: price('scheduler', 'million calls', known(1, 1)),
  /** The first two budgets with actions cost nothing; this is of a further one. */
  budgetAction: price('budgets', 'budget-day', known(0.1, 0.1)),
}
