/** `weir keys`: makes the keys that callers present, lists them, and revokes them. */
import { randomBytes } from 'node:crypto'
import type { KeyRecord } from '../../access/key.ts'
import { KEY_RANDOM_BYTES, makeKey, stateOf } from '../../access/key.ts'
import { changeKeys, KEY_COUNT_MAX, readKeys } from '../../access/key-file.ts'
import type { Scope } from '../../model/access.ts'
import { SCOPES } from '../../model/access.ts'
import { parseBound } from '../../model/time.ts'
import { Fault } from '../../std/fault.ts'
import { parseDuration } from '../../std/units.ts'
import { keysPathOf } from '../running/access.ts'
import { dataDirOf, makeDataDir } from '../running/data-dir.ts'
import type { Command, CommandContext } from '../terminal/command.ts'
import { toTable } from '../terminal/table.ts'
import { toSafeText } from '../terminal/terminal.ts'

export const keysCommand: Command = {
  name: 'keys',
  about: 'makes keys for callers of the API, lists them, and revokes them',
  positionals: ['create|list|revoke', '[ID]'],
  flags: {
    scope: { value: 'SCOPES', about: 'create: write, read or admin; several with commas between' },
    name: { value: 'NAME', about: 'create: whose it is, for the list' },
    expires: {
      value: 'WHEN',
      about: 'create: after so long (90d), or at a time; without it never',
    },
    json: { value: null, about: 'as JSON' },
  },
  settings: ['data', 'keys'],
  examples: [
    'weir keys create --scope write --name shop-pages',
    'weir keys create --scope read --name dashboard --expires 90d',
    'weir keys list',
    'weir keys revoke 4w3p9t0c7m2k',
  ],
  run: async context => {
    const [what = '', argument] = context.positionals
    const path = keysPathOf(context.config)
    if (path === null) {
      throw new Fault('CONFIG_INVALID', "keys is 'off'; name a file, or leave it empty")
    }
    switch (what) {
      case 'create':
        return create(context, path, argument)
      case 'list':
        return list(context, path)
      case 'revoke':
        return revoke(context, path, argument)
      default:
        throw new Fault('USAGE', `weir keys takes create, list or revoke, not '${what}'`)
    }
  },
}

const NAME_LENGTH_MAX = 100

function create(context: CommandContext, path: string, argument: string | undefined): number {
  if (argument !== undefined) throw new Fault('USAGE', 'weir keys create takes flags only')
  const { config, clock, terminal } = context
  const name = context.flag('name') ?? ''
  if (name === '' || name.length > NAME_LENGTH_MAX) {
    const message = `weir keys create needs --name, of up to ${NAME_LENGTH_MAX} characters`
    throw new Fault('USAGE', `${message}: whose key is it?`)
  }
  const createdMs = clock.now()
  const { text, record } = makeKey({
    random: randomBytes(KEY_RANDOM_BYTES),
    name,
    scopes: parseScopes(context.flag('scope')),
    createdMs,
    expiresMs: parseExpiry(context.flag('expires'), createdMs),
  })
  if (config.settings.keys === '') makeDataDir(dataDirOf(config.settings.data))
  changeKeys(path, keys => {
    if (keys.length < KEY_COUNT_MAX) return [...keys, record]
    const message = `there are ${KEY_COUNT_MAX} keys in ${path}; take out those that were revoked`
    throw new Fault('FILE_UNREADABLE', message)
  })
  if (context.isSet('json')) terminal.print(JSON.stringify({ key: text, ...toAnswer(record, 0) }))
  else terminal.print(text)
  terminal.talk(`weir: key ${record.id}, scope ${record.scopes.join(' and ')}, ${toEnd(record)}`)
  terminal.talk('  it is shown this once; a running weir knows it within a second')
  return 0
}

function parseScopes(text: string | undefined): readonly Scope[] {
  const given = (text ?? '').split(',').filter(part => part !== '')
  const scopes = (Object.keys(SCOPES) as Scope[]).filter(scope => given.includes(scope))
  const wrong = given.find(part => !Object.hasOwn(SCOPES, part))
  if (wrong === undefined && scopes.length > 0) return scopes
  const known = Object.entries(SCOPES).map(([scope, about]) => `${scope} (${about})`)
  const got = wrong === undefined ? 'none' : `'${wrong}'`
  throw new Fault('USAGE', `weir keys create needs --scope, and got ${got}: ${known.join(', ')}`)
}

function parseExpiry(text: string | undefined, nowMs: number): number | null {
  if (text === undefined) return null
  const expiresMs = /^\d+[a-z]+$/.test(text)
    ? nowMs + parseDuration(text, '--expires')
    : parseBound(text)
  if (expiresMs !== null && expiresMs > nowMs) return expiresMs
  const message = `--expires is '${text}', which is no time to come`
  throw new Fault('USAGE', `${message}; write 90d, or a time as 2030-01-31`)
}

function list(context: CommandContext, path: string): number {
  const { clock, terminal } = context
  const keys = readKeys(path) ?? []
  if (context.isSet('json')) {
    terminal.print(JSON.stringify({ keys: keys.map(key => toAnswer(key, clock.now())) }))
    return 0
  }
  if (keys.length === 0) terminal.talk(`weir: there are no keys in ${path}`)
  else {
    const head = ['id', 'name', 'scopes', 'state', 'created', 'expires']
    const rows = keys.map(key => [
      key.id,
      key.name,
      key.scopes.join(','),
      stateOf(key, clock.now()),
      new Date(key.createdMs).toISOString(),
      key.expiresMs === null ? 'never' : new Date(key.expiresMs).toISOString(),
    ])
    for (const line of toTable(head, rows)) terminal.print(line)
  }
  return 0
}

function revoke(context: CommandContext, path: string, argument: string | undefined): number {
  if (argument === undefined) {
    throw new Fault('USAGE', 'weir keys revoke needs the id of a key; see weir keys list')
  }
  const { clock, terminal } = context
  // Whoever has only the key's text may paste that.
  const id = /^weir_([0-9a-z]+)/.exec(argument)?.[1] ?? argument
  changeKeys(path, keys => {
    if (!keys.some(key => key.id === id)) {
      throw new Fault('USAGE', `there is no key '${toSafeText(id)}' in ${path}; see weir keys list`)
    }
    const revokedMs = clock.now()
    return keys.map(key =>
      key.id === id ? { ...key, revokedMs: key.revokedMs ?? revokedMs } : key,
    )
  })
  terminal.talk(`weir: key ${id} is revoked; a running weir refuses it within a second`)
  return 0
}

function toEnd({ expiresMs }: KeyRecord): string {
  return expiresMs === null
    ? 'good until it is revoked'
    : `until ${new Date(expiresMs).toISOString()}`
}

function toAnswer(key: KeyRecord, nowMs: number): object {
  const toTime = (ms: number | null): string | null =>
    ms === null ? null : new Date(ms).toISOString()
  return {
    id: key.id,
    name: key.name,
    scopes: key.scopes,
    state: stateOf(key, nowMs),
    created: toTime(key.createdMs),
    expires: toTime(key.expiresMs),
    revoked: toTime(key.revokedMs),
  }
}
