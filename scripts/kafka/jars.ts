/**
 * Kafka's Java programs for development and tests, as Maven publishes them. Nothing of this is
 * shipped.
 */
import { join } from 'node:path'
import type { JarSet } from '../../src/main/spark/jars.ts'
import { javaMissing, openJars, jarsMissing as toMissingJars } from '../../src/main/spark/jars.ts'

// Without slf4j-simple, Kafka logs nothing, and its tools print nothing.
const LOGGING = 'org.slf4j:slf4j-simple:1.7.36'
/** The newest broker; it keeps its metadata itself (KRaft). */
export const KAFKA_KRAFT: JarSet = {
  name: 'kafka-4.4.0',
  artifacts: ['org.apache.kafka:kafka_2.13:4.4.0', LOGGING],
}
/** The last but one that knows ZooKeeper. */
export const KAFKA_ZOOKEEPER: JarSet = {
  name: 'kafka-3.8.0',
  artifacts: ['org.apache.kafka:kafka_2.13:3.8.0', 'org.apache.zookeeper:zookeeper:3.8.4', LOGGING],
}
/** The command-line tools, the console producer among them; 4.4.0 of them is not published. */
export const KAFKA_TOOLS: JarSet = {
  name: 'kafka-tools-4.3.1',
  artifacts: ['org.apache.kafka:kafka-tools:4.3.1', LOGGING],
}

/** What is missing to run `jars`, with what to install; null: nothing. */
export function jarsMissing(jars: JarSet): string | null {
  return javaMissing() ?? toMissingJars(jars)
}

/** The class path of `jars`, which are downloaded if this machine has them not. */
export async function resolveJars(jars: JarSet): Promise<string> {
  return join(await openJars(jars), '*')
}
