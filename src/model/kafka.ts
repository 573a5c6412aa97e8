/** How to reach a Kafka cluster, as a user writes it in weir.config.ts. */

export type KafkaCodec = 'none' | 'gzip' | 'snappy' | 'lz4' | 'zstd'

/** A text, or what gives one: called for each connection, so that secrets may change. */
export type Secret = string | (() => string | Promise<string>)

export type KafkaSasl =
  | {
      readonly mechanism: 'PLAIN' | 'SCRAM-SHA-256' | 'SCRAM-SHA-512'
      readonly username: Secret
      readonly password: Secret
    }
  | { readonly mechanism: 'OAUTHBEARER'; readonly token: Secret }
  /**
   * Amazon MSK by IAM, over TLS, with the package `aws-msk-iam-sasl-signer-js`. Without a region it
   * is that of the broker's host, else AWS_REGION.
   */
  | { readonly mechanism: 'aws-msk-iam'; readonly region?: string }

export interface KafkaTls {
  /** PEM of the authorities that are trusted, besides those that Node knows. */
  readonly ca?: string
  /** PEM of the client's certificate and key, where brokers ask for them. */
  readonly cert?: string
  readonly key?: string
}

export interface KafkaOptions {
  /** `host:port` of some brokers; the others are learnt from them. */
  readonly brokers: readonly string[]
  /** true: TLS with the authorities that Node knows. */
  readonly tls?: boolean | KafkaTls
  readonly sasl?: KafkaSasl
  /** How batches are compressed. */
  readonly compression?: KafkaCodec
  /** Of topics that are made: copies of each partition, and how many must have a record. */
  readonly replicationFactor?: number
  readonly minInsyncReplicas?: number
  /** Of topics that are made: how long records are kept, as '7d'. */
  readonly topicRetention?: string
  /** The consumer group of `weir digest`. */
  readonly group?: string
}

export interface KafkaLog extends KafkaOptions {
  readonly kind: 'kafka'
}

/** Puts the log on a Kafka cluster: `log: kafka({ brokers: ['127.0.0.1:9092'] })`. */
export function kafka(options: KafkaOptions): KafkaLog {
  return { kind: 'kafka', ...options }
}
