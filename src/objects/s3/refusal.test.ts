import { expect, test } from 'vitest'
import { toRefusal } from './refusal.ts'

const AWS = { bucket: 'shop', region: 'us-east-1', endpoint: null }

/** As the SDK makes them of an answer. */
function answered(status: number, name: string, headers: object = {}): Error {
  const error = new Error('what the server says')
  const metadata = {
    $metadata: { httpStatusCode: status },
    $response: { statusCode: status, headers },
  }
  return Object.assign(error, { name, $fault: 'client' }, metadata)
}

test.each<[number, string, boolean, RegExp]>([
  [404, 'NoSuchBucket', false, /no bucket 'shop': make it, or name another/],
  [403, 'AccessDenied', false, /s3:ListBucket on 'shop'.*s3:PutObject/],
  [403, '403', false, /s3:ListBucket on 'shop'/],
  [403, 'InvalidAccessKeyId', false, /access key is not known.*AWS_ACCESS_KEY_ID/],
  [403, 'SignatureDoesNotMatch', false, /secret key does not belong/],
  [400, 'ExpiredToken', false, /expired.*get new ones/],
  [403, 'RequestTimeTooSkewed', true, /clock is wrong.*NTP/],
  [400, 'AuthorizationHeaderMalformed', false, /not in 'us-east-1'.*set s3Region/],
  [501, 'NotImplemented', false, /If-None-Match; use a server that has them/],
  [400, 'SomethingElse', false, /the answer was 400 SomethingElse: what the server says$/],
  [400, 'RequestTimeout', true, /try again later/],
  [409, 'ConditionalRequestConflict', true, /try again later/],
  [429, 'TooManyRequests', true, /try again later/],
  [500, 'InternalError', true, /try again later/],
  [503, 'SlowDown', true, /503 SlowDown.*try again later/],
])('%i %s', (status, name, isPassing, message) => {
  const refusal = toRefusal(answered(status, name), AWS)
  expect(refusal).toEqual({ isPassing, message: expect.stringMatching(message) })
})

test('a bucket of another region, and which', () => {
  const error = answered(301, 'PermanentRedirect', { 'x-amz-bucket-region': 'eu-west-1' })
  expect(toRefusal(error, AWS)).toEqual({
    isPassing: false,
    message: expect.stringMatching(/it is in eu-west-1\): set s3Region/),
  })
})

test('an answer that nobody can read passes, whatever its status', () => {
  const error = Object.assign(new Error('aborted'), { $metadata: { httpStatusCode: 404 } })
  expect(toRefusal(error, AWS).isPassing).toBe(true)
})

test('what never reached a server', () => {
  const named = (name: string, message: string): Error =>
    Object.assign(new Error(message), { name })
  const none = toRefusal(named('CredentialsProviderError', 'none there'), AWS)
  expect(none).toEqual({ isPassing: false, message: expect.stringMatching(/AWS_PROFILE/) })
  const region = toRefusal(new Error('Region is missing'), AWS)
  expect(region).toEqual({ isPassing: false, message: expect.stringMatching(/set s3Region/) })
  const host = toRefusal(Object.assign(new Error('x'), { code: 'ENOTFOUND' }), AWS)
  expect(host).toEqual({ isPassing: true, message: expect.stringMatching(/check s3Endpoint/) })
})
