/**
 * What a deployment can choose: a JSON file, `infra/weir.aws.json` or the one that
 * WEIR_AWS_SETTINGS names. Everything has a default, so `{}` deploys; what is wrong is told all at
 * once, with the name of the setting and what it may be.
 */
import { z } from 'zod'
import { Fault } from '../../src/std/fault.ts'

export interface Settings {
  /** Begins the names of stacks, roles and functions. */
  readonly name: string
  /** null: where the credentials point at when it is deployed. */
  readonly region: string | null
  /** Who answers for it: a tag of everything, as is `ttl`. */
  readonly owner: string
  /** ISO date after which it may be removed; null: it stays. */
  readonly ttl: string | null
  /** `small`: 3 × kafka.t3.small; `standard`: 3 × kafka.m7g.large. */
  readonly brokerSize: 'small' | 'standard'
  /** Whether events come over HTTP; without it, producers inside the VPC write to Kafka. */
  readonly alb: boolean
  /** ACM certificate of the load balancer; null: plain HTTP, for trials. */
  readonly certificateArn: string | null
  /** `keys.json` as `weir keys create` makes it; null: the front door asks for no key. */
  readonly keysFile: string | null
  /** Names of your own that point at the load balancer, as `events.shop.example`. */
  readonly hosts: readonly string[]
  /** Whether AWS is called over endpoints in the VPC, paid by the hour, not the internet. */
  readonly interfaceEndpoints: boolean
  readonly runner: 'emr-serverless' | 'ec2'
  /** Whether the EC2 instance is a spot instance. */
  readonly spot: boolean
  /** How often Spark counts the lake; null: only when asked. */
  readonly schedule: 'hour' | 'day' | null
  /** Who may start runs over HTTP: signed requests, or an API key of its own. */
  readonly runsAuth: 'iam' | 'key'
  /** Exact origins whose pages may send events and ask, as `https://shop.example`. */
  readonly corsOrigins: readonly string[]
  readonly dashboard: boolean
  /** Names of the keys to the API; one is made for each. */
  readonly apiKeys: readonly string[]
  /** How long Kafka keeps records. */
  readonly retentionHours: number
  /** Days that the lake keeps events; null: for ever. */
  readonly lakeDays: number | null
  /** Whether buckets stay when their stack is deleted; else they go once they are empty. */
  readonly keepData: boolean
  /** US dollars a month at which spending stops. */
  readonly budgetUsd: number
  /** Whose cost that is: the account's, or that of the tag `weir`, once billing knows the tag. */
  readonly budgetScope: 'account' | 'tag'
  /** Who is told of alarms and of the budget; null: whoever subscribes to the topic. */
  readonly alertEmail: string | null
  /** Fargate tasks that collect and count. */
  readonly workers: number
  /** Requests a second of the API, and at once. */
  readonly throttle: { readonly rate: number; readonly burst: number }
}

export const SETTINGS_DEFAULT: Settings = {
  name: 'weir',
  region: null,
  owner: 'weir',
  ttl: null,
  brokerSize: 'small',
  alb: true,
  certificateArn: null,
  keysFile: null,
  hosts: [],
  interfaceEndpoints: false,
  runner: 'emr-serverless',
  spot: false,
  schedule: 'day',
  runsAuth: 'iam',
  corsOrigins: [],
  dashboard: true,
  apiKeys: ['shop'],
  retentionHours: 168,
  lakeDays: null,
  keepData: true,
  budgetUsd: 300,
  budgetScope: 'account',
  alertEmail: null,
  workers: 1,
  throttle: { rate: 20, burst: 40 },
}

/** A name is part of bucket keys, role names (64 at most) and log groups. */
const name = z.string().regex(/^[a-z][a-z0-9-]{0,19}$/, 'a-z, 0-9 and -, 20 at most')
const whole = (min: number, max: number): z.ZodInt => z.int().min(min).max(max)

const shape = z.strictObject({
  name,
  region: z
    .string()
    .regex(/^[a-z]{2}(-[a-z]+)+-\d$/, 'a region, as eu-central-1')
    .nullable(),
  owner: z.string().regex(/^[\w .:/=+@-]{1,128}$/, 'letters, digits and _.:/=+-@, 128 at most'),
  ttl: z.iso.date('a date, as 2027-01-31').nullable(),
  brokerSize: z.enum(['small', 'standard']),
  alb: z.boolean(),
  certificateArn: z
    .string()
    .regex(/^arn:aws[\w-]*:acm:[\w-]+:\d{12}:certificate\/[\w-]+$/, 'the ARN of a certificate')
    .nullable(),
  keysFile: z.string().min(1).nullable(),
  hosts: z.array(z.string().regex(/^[a-z0-9.-]+$/, 'names without a port, in lower case')),
  interfaceEndpoints: z.boolean(),
  runner: z.enum(['emr-serverless', 'ec2']),
  spot: z.boolean(),
  schedule: z.enum(['hour', 'day']).nullable(),
  runsAuth: z.enum(['iam', 'key']),
  corsOrigins: z.array(
    z.string().regex(/^https?:\/\/[^/*\s]+$/, 'exact origins, as https://shop.example'),
  ),
  dashboard: z.boolean(),
  apiKeys: z.array(name).min(1).max(50),
  // A week at most is what 100 GB a broker hold at some 1,000 events a second.
  retentionHours: whole(1, 24 * 90),
  lakeDays: whole(1, 36_500).nullable(),
  keepData: z.boolean(),
  budgetUsd: z.number().min(1).max(1_000_000),
  budgetScope: z.enum(['account', 'tag']),
  alertEmail: z.email().nullable(),
  workers: whole(1, 64),
  throttle: z.strictObject({ rate: whole(1, 10_000), burst: whole(1, 5_000) }),
})

/** Fills in the defaults. Throws CONFIG_INVALID, with all that is wrong. */
export function parseSettings(value: unknown): Settings {
  const parsed = shape.partial().safeParse(value)
  if (!parsed.success) throw invalid(parsed.error.issues.map(toText))
  const settings: Settings = { ...SETTINGS_DEFAULT, ...omitAbsent(parsed.data) }
  const clashes = clashesOf(settings)
  if (clashes.length > 0) throw invalid(clashes)
  return settings
}

/** Settings that are right each, and make no sense together. */
function clashesOf(settings: Settings): readonly string[] {
  const { certificateArn, keysFile, alb, spot, runner, apiKeys } = settings
  return [
    certificateArn !== null && !alb ? 'certificateArn is of the load balancer: set alb too' : null,
    keysFile !== null && !alb ? 'keysFile is of the front door: set alb too' : null,
    spot && runner !== 'ec2' ? 'spot is of EC2: set runner to ec2' : null,
    new Set(apiKeys).size < apiKeys.length ? 'apiKeys names one twice' : null,
  ].filter(text => text !== null)
}

function omitAbsent<T extends object>(value: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  const entries = Object.entries(value).filter(([, one]) => one !== undefined)
  // What Object.fromEntries forgets: the keys are those of T.
  return Object.fromEntries(entries) as { [K in keyof T]?: Exclude<T[K], undefined> }
}

function toText(issue: z.core.$ZodIssue): string {
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map(key => `there is no setting ${key}`).join('; ')
  }
  return `${issue.path.join('.') || 'the file'}: ${issue.message}`
}

function invalid(texts: readonly string[]): Fault {
  return new Fault('CONFIG_INVALID', `settings for aws: ${texts.join('; ')}`)
}
