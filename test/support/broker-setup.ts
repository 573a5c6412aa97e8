/**
 * The brokers that all test files of a run share. Vitest's own process holds them, since it begins
 * before the first file and ends after the last: a file asks it, by a number on loopback, and the
 * first that asks for a mode has it started. A run without such a file starts none.
 */
import { once } from 'node:events'
import type { Server } from 'node:http'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { TestProject } from 'vitest/node'
import type { KafkaCluster } from '../../scripts/kafka/cluster.ts'
import { startKafka } from '../../scripts/kafka/cluster.ts'
import type { KafkaMode } from '../../scripts/kafka/settings.ts'

declare module 'vitest' {
  interface ProvidedContext {
    /** The port at which `/kraft` and `/zookeeper` answer with a bootstrap address. */
    readonly kafkaPort: number
  }
}

const clusters = new Map<KafkaMode, Promise<KafkaCluster>>()
let server: Server | null = null

export async function setup(project: TestProject): Promise<void> {
  server = createServer(async (request, response) => {
    try {
      const mode = request.url === '/zookeeper' ? 'zookeeper' : 'kraft'
      response.end((await shareCluster(mode)).bootstrap)
    } catch (error) {
      response.writeHead(500).end(error instanceof Error ? error.message : String(error))
    }
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  project.provide('kafkaPort', (server.address() as AddressInfo).port)
}

function shareCluster(mode: KafkaMode): Promise<KafkaCluster> {
  const cluster = clusters.get(mode) ?? startKafka({ mode, brokers: 1 })
  clusters.set(mode, cluster)
  return cluster
}

export async function teardown(): Promise<void> {
  server?.closeAllConnections()
  server?.close()
  for (const cluster of await Promise.allSettled(clusters.values())) {
    if (cluster.status === 'fulfilled') await cluster.value.stop()
  }
}
