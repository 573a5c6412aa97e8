/** Login to Amazon MSK, however it is written. */
import { expect, test } from 'vitest'
import { kafka } from '../../model/kafka.ts'
import { resolveConfig } from './load.ts'

const MSK = 'b-1.shop.a1b2c3.c2.kafka.eu-central-1.amazonaws.com:9098'

test.each<[string, Record<string, string>, object]>([
  ['by its host', { WEIR_KAFKA: MSK }, { mechanism: 'aws-msk-iam' }],
  [
    'where the environment names another region than the host',
    { WEIR_KAFKA: MSK, AWS_REGION: 'us-east-1' },
    { mechanism: 'aws-msk-iam' },
  ],
  [
    'by the environment, where the host tells none',
    { WEIR_KAFKA: 'kafka.shop.example:9098', AWS_REGION: 'us-east-1' },
    { mechanism: 'aws-msk-iam', region: 'us-east-1' },
  ],
])('WEIR_KAFKA_SASL=aws-msk-iam is over TLS, in the region told %s', (_, environment, sasl) => {
  const inputs = { flags: {}, environment: { ...environment, WEIR_KAFKA_SASL: 'aws-msk-iam' } }
  expect(resolveConfig({}, null, inputs).kafka).toMatchObject({ tls: true, sasl })
})

test('a config may say it, and a flag may take its place', () => {
  const sasl = { mechanism: 'aws-msk-iam', region: 'eu-north-1' } as const
  const config = { log: kafka({ brokers: [MSK], sasl }) }
  const environment = { AWS_REGION: 'us-east-1' }
  expect(resolveConfig(config, null, { flags: {}, environment }).kafka?.sasl).toEqual(sasl)
  const flags = { kafkaSasl: 'PLAIN', kafkaUsername: 'weir', kafkaPassword: 'a-secret' }
  const { kafka: options } = resolveConfig(config, null, { flags, environment })
  expect(options?.sasl).toEqual({ mechanism: 'PLAIN', username: 'weir', password: 'a-secret' })
  expect(options?.tls).toBe(false)
})
