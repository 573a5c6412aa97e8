/**
 * Where a request comes from. Headers that tell of it are believed only where a proxy put them that
 * the operator has named; anybody can write the others.
 */
import { BlockList, isIP } from 'node:net'
import type { Peer, Visit } from '../model/access.ts'
import { Fault } from '../std/fault.ts'
import { memoize } from '../std/memo.ts'

export interface Source {
  /** Who it is, for limits: an IPv4 address, or the first 64 bits of an IPv6 one. */
  readonly id: string
  /** It comes from this machine itself, and through no proxy. */
  readonly isHere: boolean
}

export interface Sources {
  /** Of a request. */
  find(visit: Pick<Visit, 'headers' | 'remoteAddress' | 'localAddress'>): Source
  /** Of a connection. */
  peerOf(remoteAddress: string): Peer
}

const HOP_COUNT_MAX = 20
/** Whose names are remembered: all requests of a connection come from one address. */
const END_COUNT_MAX = 4_096
const FORWARDING = ['x-forwarded-for', 'forwarded', 'via', 'x-real-ip']

/**
 * `trustedProxies`: addresses, or ranges as 10.0.0.0/8. Throws CONFIG_INVALID for what is neither.
 */
export function createSources(trustedProxies: readonly string[]): Sources {
  const trusted = new BlockList()
  for (const text of trustedProxies) trust(trusted, text)
  const isTrusted = (address: string): boolean => {
    if (trustedProxies.length === 0) return false
    const family = isIP(address)
    return family !== 0 && trusted.check(address, family === 4 ? 'ipv4' : 'ipv6')
  }
  const endOf = memoize(toEnd, END_COUNT_MAX)
  return {
    find: ({ headers, remoteAddress, localAddress }) => {
      const remote = endOf(remoteAddress)
      if (isTrusted(remote.plain)) {
        return { id: toSourceId(findClient(headers, remote.plain, isTrusted)), isHere: false }
      }
      const isNear = remote.isLoopback || remote.plain === endOf(localAddress).plain
      const isForwarded = FORWARDING.some(name => headers[name] !== undefined)
      return { id: remote.id, isHere: isNear && !isForwarded }
    },
    peerOf: remoteAddress => {
      const { plain, id, isLoopback: isOwn } = endOf(remoteAddress)
      return { id, isMany: isOwn || isTrusted(plain) }
    },
  }
}

/** One end of a connection. */
interface End {
  readonly plain: string
  readonly id: string
  readonly isLoopback: boolean
}

function toEnd(address: string): End {
  const plain = toPlain(address)
  return { plain, id: toSourceId(plain), isLoopback: isLoopback(plain) }
}

/** The last of X-Forwarded-For that is no proxy of ours: what stands left of it is hearsay. */
function findClient(
  headers: Visit['headers'],
  remote: string,
  isTrusted: (address: string) => boolean,
): string {
  const header = headers['x-forwarded-for']
  if (typeof header !== 'string') return remote
  const hops = header.split(',').slice(-HOP_COUNT_MAX).reverse()
  let client = remote
  for (const hop of hops) {
    const address = toPlain(hop.trim())
    if (isIP(address) === 0) return client
    client = address
    if (!isTrusted(address)) return client
  }
  return client
}

function trust(list: BlockList, text: string): void {
  const [address = '', length, ...rest] = text.split('/')
  const family = isIP(address)
  const bits = family === 4 ? 32 : 128
  const prefix = length === undefined ? bits : Number(length)
  const isRange = length === undefined || /^\d{1,3}$/.test(length)
  if (family === 0 || rest.length > 0 || !isRange || prefix > bits) {
    const message = `trustedProxies has '${text}', which is no address and no range as 10.0.0.0/8`
    throw new Fault('CONFIG_INVALID', message)
  }
  list.addSubnet(address, prefix, family === 4 ? 'ipv4' : 'ipv6')
}

export function isLoopback(address: string): boolean {
  return address === '::1' || (isIP(address) === 4 && address.startsWith('127.'))
}

/** An IPv4 address that stands in an IPv6 one is an IPv4 address; a zone is left out. */
export function toPlain(address: string): string {
  const plain = address.toLowerCase().replace(/%.*$/, '')
  return plain.startsWith('::ffff:') && isIP(plain.slice(7)) === 4 ? plain.slice(7) : plain
}

/** A subscriber has 64 bits of IPv6 for itself, so these are one. */
export function toSourceId(address: string): string {
  if (isIP(address) !== 6) return address
  const [head = '', tail] = address.split('::')
  const groups = head === '' ? [] : head.split(':')
  const after = tail === undefined || tail === '' ? [] : tail.split(':')
  // An IPv4 address at the end stands for two groups.
  const afterCount = after.length + (tail?.includes('.') === true ? 1 : 0)
  while (tail !== undefined && groups.length + afterCount < 8) groups.push('0')
  const first = [...groups, ...after].slice(0, 4)
  return `${first.map(group => Number.parseInt(group, 16).toString(16)).join(':')}::/64`
}
