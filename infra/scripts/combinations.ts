/** The deployments that are synthesised for proof: each setting that changes a template, once. */

export interface Combination {
  readonly name: string
  readonly about: string
  /** As a settings file has it. */
  readonly settings: Readonly<Record<string, unknown>>
}

/** Of no account: that of examples in AWS's own pages. */
const CERTIFICATE =
  'arn:aws:acm:eu-central-1:111122223333:certificate/12345678-1234-1234-1234-123456789012'

export const COMBINATIONS: readonly Combination[] = [
  { name: 'defaults', about: 'nothing said', settings: {} },
  {
    name: 'inside',
    about: 'producers inside the VPC, no front door, no page',
    settings: { alb: false, dashboard: false },
  },
  {
    name: 'https',
    about: 'a certificate, a name, and pages of the shop',
    settings: {
      region: 'eu-central-1',
      certificateArn: CERTIFICATE,
      hosts: ['events.shop.example'],
      corsOrigins: ['https://shop.example', 'https://www.shop.example'],
      apiKeys: ['shop', 'board'],
    },
  },
  { name: 'ec2', about: 'Spark on an instance', settings: { runner: 'ec2' } },
  {
    name: 'spot',
    about: 'Spark on a spot instance, every hour, asked with a key',
    settings: { runner: 'ec2', spot: true, schedule: 'hour', runsAuth: 'key' },
  },
  {
    name: 'large',
    about: 'larger brokers, several workers, AWS inside the VPC',
    settings: { brokerSize: 'standard', workers: 3, interfaceEndpoints: true, retentionHours: 48 },
  },
  {
    name: 'by-hand',
    about: 'Spark only when asked',
    settings: { schedule: null, runsAuth: 'key' },
  },
  {
    name: 'trial',
    about: 'a while only: what it has goes with it',
    settings: {
      name: 'trial',
      owner: 'data@shop.example',
      ttl: '2027-01-31',
      lakeDays: 30,
      keepData: false,
      budgetUsd: 20,
      budgetScope: 'tag',
      alertEmail: 'data@shop.example',
      throttle: { rate: 5, burst: 10 },
    },
  },
]
