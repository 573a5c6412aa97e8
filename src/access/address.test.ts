import { describe, expect, test } from 'vitest'
import { createSources, toSourceId } from './address.ts'

function idOf(trusted: readonly string[], remoteAddress: string, forwarded?: string): string {
  const headers = forwarded === undefined ? {} : { 'x-forwarded-for': forwarded }
  return createSources(trusted).find({ headers, remoteAddress, localAddress: '10.0.0.1' }).id
}

test.each([
  ['192.0.2.1', '192.0.2.1'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
  ['2001:db8:1:2::1', '2001:db8:1:2::/64'],
  ['2001:0db8:0001:0002::ffff', '2001:db8:1:2::/64'],
  ['2001:db8::1', '2001:db8:0:0::/64'],
  ['::1', '0:0:0:0::/64'],
  ['::', '0:0:0:0::/64'],
  ['fe80::1', 'fe80:0:0:0::/64'],
  ['1::2:3:4:5:6:7', '1:0:2:3::/64'],
  ['1:2:3::192.0.2.1', '1:2:3:0::/64'],
  ['1:2:3:4:5:6:192.0.2.1', '1:2:3:4::/64'],
])('%s is %s', (address, id) => {
  expect(toSourceId(address)).toBe(id)
})

describe('X-Forwarded-For', () => {
  const proxies = ['10.0.0.0/8', '2001:db8:ffff::/48']

  test.each([
    ['is not believed of anybody', '192.0.2.9', '1.1.1.1', '192.0.2.9'],
    ['is of a proxy', '10.1.1.1', '1.1.1.1', '1.1.1.1'],
    ['is of a proxy over IPv6', '2001:db8:ffff::1', '1.1.1.1', '1.1.1.1'],
    ['is read as an IPv4 address in an IPv6 one', '::ffff:10.1.1.1', '1.1.1.1', '1.1.1.1'],
    ['counts from the right', '10.1.1.1', '9.9.9.9, 8.8.8.8', '8.8.8.8'],
    ['skips proxies', '10.1.1.1', '9.9.9.9, 8.8.8.8, 10.2.2.2', '8.8.8.8'],
    ['ends at what is no address', '10.1.1.1', '8.8.8.8, unknown', '10.1.1.1'],
    ['ends at what is no address behind a proxy', '10.1.1.1', 'x, 10.2.2.2', '10.2.2.2'],
    ['may hold proxies only', '10.1.1.1', '10.3.3.3, 10.2.2.2', '10.3.3.3'],
    ['may be empty', '10.1.1.1', '', '10.1.1.1'],
    ['may name IPv6', '10.1.1.1', '2001:db8::5', '2001:db8:0:0::/64'],
  ])('%s', (_, remote, forwarded, id) => {
    expect(idOf(proxies, remote, forwarded)).toBe(id)
  })

  test('is read to a bound', () => {
    const hops = [...Array(1_000).fill('1.1.1.1'), ...Array(30).fill('10.2.2.2')].join(',')
    expect(idOf(proxies, '10.1.1.1', hops)).toBe('10.2.2.2')
  })
})

test.each(['x', '10.0.0.0/33', '10.0.0.0/', '10.0.0.0/8/8', '::/129', '10.0.0.0/-1', ''])(
  "'%s' is no proxy",
  text => {
    expect(() => createSources([text])).toThrow(/trustedProxies/)
  },
)

test('behind some connections many may be', () => {
  const sources = createSources(['10.0.0.0/8'])
  for (const address of ['127.0.0.1', '::1', '10.1.1.1', '::ffff:10.1.1.1']) {
    expect(sources.peerOf(address).isMany, address).toBe(true)
  }
  expect(sources.peerOf('2001:db8::7')).toEqual({ id: '2001:db8:0:0::/64', isMany: false })
})
