/** The handler as Lambda calls it, with a server in the place of ECS and EC2. */
import type { IncomingMessage, Server } from 'node:http'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { handler, parseStopping } from './handler.ts'

/** What AWS has: services by how many tasks they want, and instances by their state. */
interface Account {
  readonly services: Map<string, number>
  readonly instances: Map<string, string>
  readonly asked: string[]
  /** Actions that are refused. */
  readonly refused: Set<string>
}

const MESSAGE = { Records: [{ EventSource: 'aws:sns', Sns: { Message: 'AWS Budget spent' } }] }
const CONTEXT = { getRemainingTimeInMillis: () => 30_000 }

let account: Account
let server: Server
let printed: string[]

beforeEach(async () => {
  account = { services: new Map(), instances: new Map(), asked: [], refused: new Set() }
  printed = []
  server = createServer(async (request, response) => {
    const { status, body } = answer(await toCall(request))
    response.writeHead(status, { 'Content-Type': 'application/x-amz-json-1.1' }).end(body)
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const variables = {
    AWS_REGION: 'eu-central-1',
    AWS_ACCESS_KEY_ID: 'key',
    AWS_SECRET_ACCESS_KEY: 'secret',
    AWS_MAX_ATTEMPTS: '1',
    AWS_ENDPOINT_URL_ECS: url,
    AWS_ENDPOINT_URL_EC2: url,
    WEIR_CLUSTER: 'weir',
    WEIR_SERVICES: 'weir',
    WEIR_INSTANCE_TAG: 'weir-runs=shop',
  }
  for (const [name, value] of Object.entries(variables)) vi.stubEnv(name, value)
  vi.spyOn(process.stdout, 'write').mockImplementation(line => printed.push(String(line)) > 0)
})

afterEach(async () => {
  vi.restoreAllMocks()
  vi.unstubAllEnvs()
  server.closeAllConnections()
  await new Promise(resolve => server.close(resolve))
})

interface Call {
  readonly action: string
  readonly input: { readonly [name: string]: unknown }
}

/** ECS takes JSON with the action in a header; EC2 a form with the action in it. */
async function toCall(request: IncomingMessage): Promise<Call> {
  const body = await text(request)
  const target = request.headers['x-amz-target']
  if (typeof target === 'string') {
    return { action: target.split('.')[1] ?? '', input: JSON.parse(body) }
  }
  const input = Object.fromEntries(new URLSearchParams(body))
  return { action: String(input['Action']), input }
}

function answer({ action, input }: Call): { readonly status: number; readonly body: string } {
  account.asked.push(action)
  if (account.refused.has(action)) {
    const body = JSON.stringify({ __type: 'AccessDeniedException', message: `no ${action}` })
    return { status: 400, body }
  }
  return { status: 200, body: ANSWERS[action]?.(input) ?? '' }
}

const ANSWERS: Record<string, (input: Call['input']) => string> = {
  DescribeServices: ({ cluster, services }) => {
    const [name = ''] = services as string[]
    const desiredCount = account.services.get(`${String(cluster)}/${name}`)
    const found = { serviceName: name, status: 'ACTIVE', desiredCount }
    return JSON.stringify({ services: desiredCount === undefined ? [] : [found] })
  },
  UpdateService: ({ cluster, service, desiredCount }) => {
    account.services.set(`${String(cluster)}/${String(service)}`, Number(desiredCount))
    return JSON.stringify({ service: {} })
  },
  DescribeInstances: input => {
    expect(input).toMatchObject({
      'Filter.1.Name': 'tag:weir-runs',
      'Filter.1.Value.1': 'shop',
      'Filter.2.Name': 'instance-state-name',
    })
    const alive = [...account.instances].filter(([, state]) => Object.values(input).includes(state))
    const items = alive.map(([id]) => `<item><instanceId>${id}</instanceId></item>`).join('')
    return `<DescribeInstancesResponse><reservationSet><item><instancesSet>${items}</instancesSet>
      </item></reservationSet></DescribeInstancesResponse>`
  },
  TerminateInstances: input => {
    const ids = Object.entries(input).filter(([name]) => name.startsWith('InstanceId.'))
    for (const [, id] of ids) account.instances.set(String(id), 'shutting-down')
    return '<TerminateInstancesResponse><instancesSet/></TerminateInstancesResponse>'
  },
}

test('tasks go to zero and tagged instances end; told again, there is nothing to do', async () => {
  account.services.set('weir/weir', 2)
  account.instances.set('i-1', 'running').set('i-2', 'stopped').set('i-3', 'terminated')
  const first = await handler(MESSAGE, CONTEXT)
  expect(first).toEqual({
    services: [{ service: 'weir', before: 2, state: 'stopped' }],
    instances: ['i-1', 'i-2'],
    failures: [],
  })
  expect([...account.services.values()]).toEqual([0])
  expect(JSON.parse(printed.join(''))).toMatchObject({ cluster: 'weir', instances: ['i-1', 'i-2'] })

  account.asked.length = 0
  const again = await handler(MESSAGE, CONTEXT)
  expect(again).toEqual({
    services: [{ service: 'weir', before: 0, state: 'was at zero' }],
    instances: [],
    failures: [],
  })
  expect(account.asked.sort()).toEqual(['DescribeInstances', 'DescribeServices'])
})

test('what fails keeps nothing else going, and the call fails, to be tried again', async () => {
  vi.stubEnv('WEIR_SERVICES', 'gone, weir')
  account.services.set('weir/weir', 1)
  account.instances.set('i-1', 'running')
  account.refused.add('TerminateInstances')
  const told = handler(MESSAGE, CONTEXT)
  await expect(told).rejects.toThrow(/service gone: there is no such.*instances: /s)
  expect(account.services.get('weir/weir')).toBe(0)
  account.refused.clear()
  vi.stubEnv('WEIR_SERVICES', 'weir')
  expect(await handler(MESSAGE, CONTEXT)).toMatchObject({ instances: ['i-1'], failures: [] })
})

test('without a tag, no instance is looked for', async () => {
  vi.stubEnv('WEIR_INSTANCE_TAG', '')
  account.services.set('weir/weir', 1)
  await handler(MESSAGE, CONTEXT)
  expect(account.asked).not.toContain('DescribeInstances')
})

test.each<[Record<string, string>, RegExp]>([
  [{}, /WEIR_CLUSTER and WEIR_SERVICES/],
  [{ WEIR_CLUSTER: 'weir', WEIR_SERVICES: ' , ' }, /WEIR_CLUSTER and WEIR_SERVICES/],
  [{ WEIR_CLUSTER: 'a', WEIR_SERVICES: 'b', WEIR_INSTANCE_TAG: 'tag' }, /not key=value/],
])('%o is refused', (environment, message) => {
  expect(() => parseStopping(environment)).toThrow(message)
})
