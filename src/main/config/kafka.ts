/**
 * `log: kafka({ … })` of a config, and the settings of the same meaning. What is a text in the
 * config becomes a setting, so that a flag or variable can take its place; certificates and
 * functions have no flag, and are taken from the config as they are.
 */
import { regionOfBroker } from '../../log/kafka/msk-iam.ts'
import type { KafkaLog, KafkaOptions, KafkaSasl } from '../../model/kafka.ts'
import { Fault } from '../../std/fault.ts'
import type { SettingName, Settings } from './settings.ts'

/** The settings that a config's `log` stands for. Throws CONFIG_INVALID for what it cannot be. */
export function toKafkaSettings(
  log: unknown,
  path: string,
): { readonly [Name in SettingName]?: string } {
  if (log === undefined) return {}
  assertKafkaLog(log, path)
  const { brokers, tls, sasl, compression, replicationFactor, minInsyncReplicas } = log
  const login = toLogin(sasl)
  const isIam = sasl?.mechanism === 'aws-msk-iam'
  const texts: { [Name in SettingName]?: string | undefined } = {
    kafka: brokers.join(','),
    kafkaTls: tls === undefined || tls === false ? undefined : 'on',
    kafkaSasl: isIam ? 'aws-msk-iam' : login?.mechanism,
    kafkaUsername: typeof login?.username === 'string' ? login.username : undefined,
    kafkaPassword: typeof login?.password === 'string' ? login.password : undefined,
    kafkaCompression: compression,
    kafkaReplicationFactor: replicationFactor?.toString(),
    kafkaMinInsyncReplicas: minInsyncReplicas?.toString(),
    kafkaRetention: log.topicRetention,
    kafkaGroup: log.group,
  }
  const given = Object.entries(texts).filter(([, text]) => text !== undefined)
  return Object.fromEntries(given) as { readonly [Name in SettingName]?: string }
}

const KEYS = [
  'kind',
  'brokers',
  'tls',
  'sasl',
  'compression',
  'replicationFactor',
  'minInsyncReplicas',
  'topicRetention',
  'group',
]

function assertKafkaLog(log: unknown, path: string): asserts log is KafkaLog {
  const isKafka = typeof log === 'object' && log !== null && 'kind' in log && log.kind === 'kafka'
  if (!isKafka) {
    throw new Fault('CONFIG_INVALID', `${path}: log was not made by kafka({ brokers: […] })`)
  }
  const stranger = Object.keys(log).find(key => !KEYS.includes(key))
  if (stranger !== undefined) {
    const known = KEYS.slice(1).join(', ')
    throw new Fault('CONFIG_INVALID', `${path}: kafka() has no '${stranger}'; it has ${known}`)
  }
  const { brokers } = log as { readonly brokers?: unknown }
  const isList = Array.isArray(brokers) && brokers.every(broker => typeof broker === 'string')
  if (isList && brokers.length > 0) return
  throw new Fault('CONFIG_INVALID', `${path}: kafka() needs brokers: ['host:port']`)
}

type PasswordLogin = Extract<KafkaSasl, { readonly username: unknown }>

function toLogin(sasl: KafkaSasl | undefined): PasswordLogin | undefined {
  return sasl !== undefined && 'username' in sasl ? sasl : undefined
}

/** How to reach the cluster; null: the log is not on Kafka. Throws CONFIG_INVALID. */
export function toKafkaOptions(
  settings: Settings,
  log: KafkaLog | undefined,
  environment: { readonly [name: string]: string | undefined },
): KafkaOptions | null {
  if (settings.kafka === null) return null
  const sasl = toSasl(settings, log)
  // MSK takes IAM over TLS only, so nobody has to say it twice.
  const isTls = settings.kafkaTls === 'on' || sasl?.mechanism === 'aws-msk-iam'
  const tls = isTls ? (log?.tls ?? true) : false
  const brokers = settings.kafka.split(',').map(broker => broker.trim())
  return {
    brokers,
    tls,
    compression: settings.kafkaCompression,
    ...(sasl === null ? {} : { sasl: withRegion(sasl, brokers, environment) }),
  }
}

/** A region that is written, or that a broker's name tells, goes before that of the environment. */
function withRegion(
  sasl: KafkaSasl,
  brokers: readonly string[],
  environment: { readonly [name: string]: string | undefined },
): KafkaSasl {
  const region = environment['AWS_REGION'] ?? environment['AWS_DEFAULT_REGION']
  if (sasl.mechanism !== 'aws-msk-iam' || sasl.region !== undefined) return sasl
  const isTold = brokers.some(broker => regionOfBroker(broker.replace(/:\d+$/, '')) !== null)
  return isTold || region === undefined ? sasl : { ...sasl, region }
}

function toSasl(settings: Settings, log: KafkaLog | undefined): KafkaSasl | null {
  const { kafkaSasl: mechanism, kafkaUsername, kafkaPassword } = settings
  if (mechanism === 'off') return log?.sasl?.mechanism === 'OAUTHBEARER' ? log.sasl : null
  if (mechanism === 'aws-msk-iam') {
    return log?.sasl?.mechanism === mechanism ? log.sasl : { mechanism }
  }
  const written = toLogin(log?.sasl)
  const username = kafkaUsername === '' ? written?.username : kafkaUsername
  const password = kafkaPassword === '' ? written?.password : kafkaPassword
  if (username === undefined || password === undefined) {
    throw new Fault(
      'CONFIG_INVALID',
      `kafkaSasl is '${mechanism}', which needs kafkaUsername and kafkaPassword; ` +
        'set WEIR_KAFKA_USERNAME and WEIR_KAFKA_PASSWORD',
    )
  }
  return { mechanism, username, password }
}
