/**
 * `log: kafka({ … })` of a config, and the settings of the same meaning. What is a text in the
 * config becomes a setting, so that a flag or variable can take its place; certificates and
 * functions have no flag, and are taken from the config as they are.
 */
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
  const login = sasl !== undefined && sasl.mechanism !== 'OAUTHBEARER' ? sasl : null
  const texts: { [Name in SettingName]?: string | undefined } = {
    kafka: brokers.join(','),
    kafkaTls: tls === undefined || tls === false ? undefined : 'on',
    kafkaSasl: login?.mechanism,
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

/** How to reach the cluster; null: the log is not on Kafka. Throws CONFIG_INVALID. */
export function toKafkaOptions(settings: Settings, log: KafkaLog | undefined): KafkaOptions | null {
  if (settings.kafka === null) return null
  const sasl = toSasl(settings, log)
  const tls = settings.kafkaTls === 'on' ? (log?.tls ?? true) : false
  return {
    brokers: settings.kafka.split(',').map(broker => broker.trim()),
    tls,
    compression: settings.kafkaCompression,
    ...(sasl === null ? {} : { sasl }),
  }
}

function toSasl(settings: Settings, log: KafkaLog | undefined): KafkaSasl | null {
  const { kafkaSasl: mechanism, kafkaUsername, kafkaPassword } = settings
  if (mechanism === 'off') return log?.sasl?.mechanism === 'OAUTHBEARER' ? log.sasl : null
  const written = log?.sasl?.mechanism === 'OAUTHBEARER' ? undefined : log?.sasl
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
