/** `weir doctor`: looks at what Weir stands on, and says how to mend what is wrong. */
import { existsSync } from 'node:fs'
import { access, constants, mkdtemp, rm, statfs } from 'node:fs/promises'
import { createServer } from 'node:net'
import { dirname, join } from 'node:path'
import process from 'node:process'
import { stateOf } from '../../access/key.ts'
import { readKeys } from '../../access/key-file.ts'
import { messageOf, systemCodeOf } from '../../std/fault.ts'
import { GIB, toSizeText } from '../../std/units.ts'
import { checkAws } from '../aws/doctor.ts'
import { keysPathOf } from '../running/access.ts'
import { dataDirOf } from '../running/data-dir.ts'
import { PAGE_DIRECTORY } from '../running/embedded.ts'
import type { Finding } from '../running/finding.ts'
import { printFindings } from '../running/finding.ts'
import { toTopicPlan } from '../running/open-log.ts'
import { findPeer } from '../running/peer.ts'
import type { Command, CommandContext } from '../terminal/command.ts'
import { askAudit } from './ask.ts'

export const doctorCommand: Command = {
  name: 'doctor',
  about: 'checks the machine, the settings and the data',
  positionals: [],
  flags: {
    aws: { value: null, about: 'checks what is deployed on AWS, and not this machine' },
    name: { value: 'NAME', about: 'of the deployment, as in its settings (weir)' },
    json: { value: null, about: 'as JSON' },
  },
  settings: ['data', 'port'],
  examples: [
    'weir doctor',
    'weir doctor --data /var/lib/weir',
    'AWS_PROFILE=shop weir doctor --aws --name weir',
  ],
  /** 1 where a check failed. */
  run: async context => {
    const { terminal } = context
    const findings = context.isSet('aws') ? await checkThere(context) : await checkHere(context)
    if (context.isSet('json')) terminal.print(JSON.stringify({ findings }))
    else printFindings(terminal, findings)
    return findings.some(finding => finding.grade === 'failed') ? 1 : 0
  },
}

const DISK_FREE_MIN = GIB

/** Topics too, where the brokers are named: from where they can be reached. */
async function checkThere(context: CommandContext): Promise<readonly Finding[]> {
  const found = await checkAws(context, context.flag('name') ?? 'weir')
  return [...found, ...[await guard(checkTopics)(context)].flat()]
}

async function checkHere(context: CommandContext): Promise<readonly Finding[]> {
  const findings: Finding[] = []
  for (const check of CHECKS) findings.push(...[await check(context)].flat())
  return findings
}

/** One finding or several; none where there is nothing to look at. */
type Check = (context: CommandContext) => Promise<Finding | readonly Finding[]>

const checkNode: Check = async () => ({
  check: 'node',
  grade: process.versions.node.startsWith('24.') ? 'good' : 'warning',
  text: `Node ${process.version} on ${process.platform} ${process.arch}; tested with 24`,
})

const checkConfig: Check = async ({ config }) => {
  const { catalog, plans, settings, configPath } = config
  const parts = [
    `${catalog.events.length} event types`,
    `${plans.length} metrics`,
    `${catalog.partitions} partitions`,
    `zone ${settings.zone}`,
    configPath ?? 'no weir.config.ts',
  ]
  return { check: 'config', grade: 'good', text: parts.join(', ') }
}

const checkData: Check = async ({ config }) => {
  const directory = dataDirOf(config.settings.data)
  const place = existsSync(directory.path) ? directory.path : dirname(directory.path)
  try {
    await access(place, constants.W_OK)
    const probe = await mkdtemp(join(place, '.weir-doctor-'))
    await rm(probe, { recursive: true })
  } catch (error) {
    const text = `${place} cannot be written: ${messageOf(error)}; check --data`
    return { check: 'data', grade: 'failed', text }
  }
  const { bavail, bsize } = await statfs(place)
  const free = bavail * bsize
  const text = `data in ${directory.path}, ${toSizeText(free)} free`
  if (free < DISK_FREE_MIN) {
    return { check: 'data', grade: 'warning', text: `${text}: at 0 the collector answers 503` }
  }
  return { check: 'data', grade: 'good', text }
}

const checkPort: Check = async context => {
  const { config, signal } = context
  const { host, port, data } = config.settings
  const peer = await findPeer(dataDirOf(data), signal)
  if (peer !== null) return { check: 'port', grade: 'good', text: `weir runs at ${peer.url}` }
  const code = await tryToListen(host, port)
  if (code === null) return { check: 'port', grade: 'good', text: `${host}:${port} is free` }
  const text = `${host}:${port} cannot be listened on (${code}); choose another --port or --host`
  return { check: 'port', grade: 'failed', text }
}

/** The system's error code; null: it works. */
function tryToListen(host: string, port: number): Promise<string | null> {
  return new Promise(resolve => {
    const server = createServer()
    server.once('error', error => resolve(systemCodeOf(error) ?? messageOf(error)))
    server.listen(port, host, () => server.close(() => resolve(null)))
  })
}

const checkKeys: Check = async ({ config, clock }) => {
  const path = keysPathOf(config)
  if (path === null) {
    const text = `keys are off: whoever reaches ${config.settings.host} may do all`
    return { check: 'keys', grade: 'warning', text }
  }
  const keys = readKeys(path)
  if (keys === null) return []
  const goodCount = keys.filter(key => stateOf(key, clock.now()) === 'good').length
  return {
    check: 'keys',
    grade: goodCount > 0 ? 'good' : 'warning',
    text: `${goodCount} of ${keys.length} keys are good, in ${path}`,
  }
}

const checkLedger: Check = async context => {
  if (!existsSync(dataDirOf(context.config.settings.data).store)) {
    return { check: 'ledger', grade: 'good', text: 'no data yet' }
  }
  const audit = await askAudit(context)
  const state = audit.balanced ? 'balances' : 'DOES NOT BALANCE'
  const text = `the ledger ${state}, ${audit.lag} records wait to be digested`
  return { check: 'ledger', grade: audit.balanced ? 'good' : 'failed', text }
}

const checkTopics: Check = async context => {
  const { kafka } = context.config
  if (kafka === null) return []
  const { describeTopics, reviewTopics } = await import('../../log/kafka/topics.ts')
  const plan = toTopicPlan(context)
  const states = await describeTopics(kafka, plan.topics)
  const findings = reviewTopics(states, plan)
  if (findings.length > 0) return findings.map(finding => ({ check: 'topics', ...finding }))
  const where = kafka.brokers.join(', ')
  const text = `${plan.topics.length} topics of ${plan.partitions} partitions at ${where}`
  return [{ check: 'topics', grade: 'good', text }]
}

const checkPage: Check = async () => ({
  check: 'page',
  grade: existsSync(PAGE_DIRECTORY) ? 'good' : 'warning',
  text: existsSync(PAGE_DIRECTORY)
    ? 'the page is built'
    : 'the page is not built: npm run build:web',
})

const CHECKS: readonly Check[] = [
  checkNode,
  checkConfig,
  checkData,
  checkPort,
  checkKeys,
  checkTopics,
  checkLedger,
  checkPage,
].map(guard)

/** A check that fails in a way of its own is a finding too. */
function guard(check: Check): Check {
  return async context => {
    try {
      return await check(context)
    } catch (error) {
      return { check: check.name, grade: 'failed', text: messageOf(error) }
    }
  }
}
