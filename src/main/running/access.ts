/**
 * The door of this process: where its keys are, and whether it may listen where others reach it.
 */
import { randomBytes } from 'node:crypto'
import { resolve } from 'node:path'
import { createDoor } from '../../access/access.ts'
import { isLoopback } from '../../access/address.ts'
import type { Keyring } from '../../access/key.ts'
import { KEY_RANDOM_BYTES, makeKey, stateOf } from '../../access/key.ts'
import { openKeyFile } from '../../access/key-file.ts'
import type { Door } from '../../api/node/http.ts'
import { toReportText } from '../../flow/serve/serve.ts'
import { Fault } from '../../std/fault.ts'
import type { LoadedConfig } from '../config/load.ts'
import type { CommandContext } from '../terminal/command.ts'
import { dataDirOf } from './data-dir.ts'

export interface OpenDoor extends AsyncDisposable {
  readonly door: Door
  /** Lets processes of this machine in; for as long as this one lives. */
  readonly localKey: string
}

const SALT_BYTES = 16

/** Where the keys are; null: none are asked for. */
export function keysPathOf({ settings }: Pick<LoadedConfig, 'settings'>): string | null {
  const { keys, data } = settings
  if (keys === null) return null
  return keys === '' ? dataDirOf(data).keys : resolve(keys)
}

/**
 * Opens the door, and tells what it asks for; makes no file. Throws CONFIG_INVALID where others
 * could come in without a key.
 */
export async function openDoor(context: CommandContext): Promise<OpenDoor> {
  const { config, clock, terminal } = context
  const { settings } = config
  const path = keysPathOf(config)
  const file =
    path === null
      ? null
      : await openKeyFile({
          path,
          clock,
          report: error => terminal.talk(`weir: keys stay as they are: ${toReportText(error)}`),
        })
  const keyring = (): Keyring | null => file?.keyring() ?? null
  try {
    assertClosed(context, path, keyring())
    const localKey = makeLocalKey(clock.now())
    const doorman = createDoor({
      keyring,
      localKey,
      rates: { write: settings.writeRate, read: settings.readRate },
      trustedProxies: settings.trustedProxies,
      salt: randomBytes(SALT_BYTES).toString('hex'),
      clock,
    })
    const { hostsAllowed, originsAllowed } = settings
    return {
      door: { doorman, hostsAllowed, originsAllowed },
      localKey,
      [Symbol.asyncDispose]: async () => await file?.[Symbol.asyncDispose](),
    }
  } catch (error) {
    await file?.[Symbol.asyncDispose]()
    throw error
  }
}

function makeLocalKey(nowMs: number): string {
  const random = randomBytes(KEY_RANDOM_BYTES)
  return makeKey({ random, name: '', scopes: [], createdMs: nowMs, expiresMs: null }).text
}

/** Where others can come, a key must be good, or an operator must have said that none is needed. */
function assertClosed(context: CommandContext, path: string | null, keyring: Keyring | null): void {
  const { config, clock, terminal } = context
  const { host } = config.settings
  const keys = [...(keyring?.values() ?? [])]
  const goodCount = keys.filter(record => stateOf(record, clock.now()) === 'good').length
  if (keyring !== null) terminal.talk(`weir: keys are asked for; ${goodCount} are good, in ${path}`)
  if (host === 'localhost' || isLoopback(host) || goodCount > 0) return
  if (path === null) {
    terminal.talk(`weir: keys are off, and ${host} can be reached: whoever does may do all`)
    return
  }
  throw new Fault(
    'CONFIG_INVALID',
    `host is ${host}, where others could come in, and no key is good in ${path}; make one with ` +
      "weir keys create --scope read --name me, or listen on 127.0.0.1, or set keys to 'off' " +
      'where a proxy asks for a login',
  )
}
