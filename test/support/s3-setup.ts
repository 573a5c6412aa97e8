/**
 * The S3 server that all test files of a run share, held by vitest's own process as the brokers are
 * (broker-setup.ts): the first file that asks for it has it started.
 */
import { once } from 'node:events'
import type { Server } from 'node:http'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { TestProject } from 'vitest/node'
import type { S3Server } from '../../scripts/s3/server.ts'
import { startS3 } from '../../scripts/s3/server.ts'

declare module 'vitest' {
  interface ProvidedContext {
    /** The port that answers with where the server is. */
    readonly s3Port: number
  }
}

let started: Promise<S3Server> | null = null
let door: Server | null = null

export async function setup(project: TestProject): Promise<void> {
  door = createServer(async (_, response) => {
    try {
      started ??= startS3()
      response.end(JSON.stringify((await started).access))
    } catch (error) {
      response.writeHead(500).end(error instanceof Error ? error.message : String(error))
    }
  })
  door.listen(0, '127.0.0.1')
  await once(door, 'listening')
  project.provide('s3Port', (door.address() as AddressInfo).port)
}

export async function teardown(): Promise<void> {
  door?.closeAllConnections()
  door?.close()
  const server = await started?.catch(() => null)
  await server?.stop()
}
