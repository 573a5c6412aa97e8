/** The signer itself, offline: what it signs needs no network, only credentials. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { toConnectionOptions } from './cluster.ts'
import type { MskSigner } from './msk-iam.ts'
import { createIamToken, loadMskSigner, regionOfBroker } from './msk-iam.ts'

const KEY = 'AKIAIOSFODNN7EXAMPLE'
const TOKEN_S = 900

beforeEach(() => {
  vi.stubEnv('AWS_ACCESS_KEY_ID', KEY)
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY')
  vi.stubEnv('AWS_SESSION_TOKEN', 'a-session')
})

afterEach(() => {
  vi.unstubAllEnvs()
})

async function tokenOf(secret: unknown): Promise<string> {
  return typeof secret === 'function' ? String(await secret()) : String(secret)
}

function decode(token: string): URL {
  return new URL(Buffer.from(token, 'base64url').toString('utf8'))
}

test('a token is a presigned request to connect, of this region, that expires', async () => {
  const url = decode(await tokenOf(createIamToken('eu-central-1')))
  expect(url.host).toBe('kafka.eu-central-1.amazonaws.com')
  const query = Object.fromEntries(url.searchParams)
  expect(query).toMatchObject({
    Action: 'kafka-cluster:Connect',
    'X-Amz-Algorithm': 'AWS4-HMAC-SHA256',
    'X-Amz-Expires': String(TOKEN_S),
    'X-Amz-Security-Token': 'a-session',
    'X-Amz-SignedHeaders': 'host',
  })
  expect(query['X-Amz-Credential']).toMatch(
    new RegExp(`^${KEY}/\\d{8}/eu-central-1/kafka-cluster/aws4_request$`),
  )
  expect(query['X-Amz-Signature']).toMatch(/^[0-9a-f]{64}$/)
})

test('the options of a connection hold it, over TLS', async () => {
  const options = toConnectionOptions({
    brokers: ['b-1.shop.a1b2c3.c2.kafka.us-west-2.amazonaws.com:9098'],
    tls: true,
    sasl: { mechanism: 'aws-msk-iam' },
  })
  expect(options.sasl?.mechanism).toBe('OAUTHBEARER')
  expect(decode(await tokenOf(options.sasl?.token)).host).toBe('kafka.us-west-2.amazonaws.com')
  expect(options).toHaveProperty('tls')
})

test.each<[string, string, string]>([
  ['eu-north-1', 'b-1.a.b.c2.kafka.us-west-2.amazonaws.com', 'kafka.eu-north-1.amazonaws.com'],
  ['eu-north-1', 'kafka.shop.example', 'kafka.eu-north-1.amazonaws.com'],
])('a region that is written goes before that of the host', async (region, host, expected) => {
  const sasl = { mechanism: 'aws-msk-iam', region } as const
  const options = toConnectionOptions({ brokers: [`${host}:9098`], tls: true, sasl })
  expect(decode(await tokenOf(options.sasl?.token)).host).toBe(expected)
})

test('a region that nobody names is asked for', () => {
  const kafka = { brokers: ['127.0.0.1:9098'], tls: true }
  expect(() => toConnectionOptions({ ...kafka, sasl: { mechanism: 'aws-msk-iam' } })).toThrow(
    /AWS_REGION/,
  )
})

test('who asks at once gets one token, who asks later another', async () => {
  let signed = 0
  const signer: MskSigner = {
    generateAuthToken: async () => {
      signed += 1
      return { token: `token ${signed}` }
    },
  }
  const secret = createIamToken('eu-central-1', async () => signer)
  expect(await Promise.all([tokenOf(secret), tokenOf(secret)])).toEqual(['token 1', 'token 1'])
  expect(await tokenOf(secret)).toBe('token 2')
})

test('where the signer is not installed, it is told what to install', async () => {
  const absent = loadMskSigner(() => Promise.reject(new Error('no such package')))
  await expect(absent).rejects.toMatchObject({
    code: 'PROGRAM_MISSING',
    message: expect.stringContaining('npm install aws-msk-iam-sasl-signer-js@1.0.3'),
  })
})

test.each([
  ['b-1.shop.a1b2c3.c2.kafka.eu-central-1.amazonaws.com', 'eu-central-1'],
  ['boot-a.c1.kafka-serverless.us-east-1.amazonaws.com', 'us-east-1'],
  ['b-2.x.y.kafka.cn-north-1.amazonaws.com.cn', 'cn-north-1'],
  ['b-2.x.y.kafka.us-gov-west-1.amazonaws.com', 'us-gov-west-1'],
  ['kafka.shop.example', null],
  ['127.0.0.1', null],
  ['b-1.kafka.eu-central-1.amazonaws.com.evil.example', null],
])('%s is in %s', (host, region) => {
  expect(regionOfBroker(host)).toBe(region)
})
