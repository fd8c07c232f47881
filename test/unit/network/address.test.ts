import { describe, expect, test } from 'vitest'
import {
  addressAt,
  contains,
  formatAddress,
  formatCidr,
  networkOf,
  overlap,
  parseAddress,
  parseCidr,
  type Subnet,
} from '../../../lib/network/address.ts'

const cidr = (text: string): Subnet => {
  const parsed = parseCidr(text)
  if (!parsed) throw new Error(`not a subnet: ${text}`)
  return parsed
}

describe('addresses', () => {
  test.each([
    ['10.0.0.1', '10.0.0.1'],
    ['255.255.255.255', '255.255.255.255'],
    ['::1', '::1'],
    ['::', '::'],
    ['fd00:0:0:0:0:0:0:1', 'fd00::1'],
    ['2001:DB8::A:0:0:1', '2001:db8::a:0:0:1'],
    ['1:0:0:2:0:0:0:3', '1:0:0:2::3'],
    ['::ffff:10.0.0.1', '::ffff:a00:1'],
    ['fe80::', 'fe80::'],
  ])('%s is %s', (text, shown) => {
    const address = parseAddress(text)
    expect(address && formatAddress(address)).toBe(shown)
  })

  test.each([
    '',
    '1.2.3',
    '1.2.3.4.5',
    '256.0.0.1',
    '01.2.3.4',
    '1.2.3.a',
    ':',
    ':::',
    '1::2::3',
    '1:2:3:4:5:6:7',
    '1:2:3:4:5:6:7:8:9',
    '12345::',
    'fe80::1%eth0',
    '::1.2.3.256',
  ])('%j is none', (text) => {
    expect(parseAddress(text)).toBeUndefined()
  })
})

describe('subnets', () => {
  test.each([
    '10.0.0.0/33',
    '10.0.0.0/-1',
    '10.0.0.0',
    '10.0.0/8',
    'fd00::/129',
    '/8',
    '10.0.0.0/08',
  ])('%j is none', (text) => {
    expect(parseCidr(text)).toBeUndefined()
  })

  test('host bits are cut', () => {
    expect(formatCidr(networkOf(cidr('10.1.2.3/16')))).toBe('10.1.0.0/16')
    expect(formatCidr(networkOf(cidr('fd00::5/64')))).toBe('fd00::/64')
  })

  test('members', () => {
    expect(contains(cidr('10.1.0.0/16'), cidr('10.1.255.255/32'))).toBe(true)
    expect(contains(cidr('10.1.0.0/16'), cidr('10.2.0.0/32'))).toBe(false)
    expect(contains(cidr('::/0'), cidr('10.2.0.0/32'))).toBe(false)
    expect(formatAddress(addressAt(cidr('10.0.0.9/24'), 1n))).toBe('10.0.0.1')
  })

  test('overlaps', () => {
    expect(overlap(cidr('10.1.0.0/16'), cidr('10.1.7.0/24'))).toBe(true)
    expect(overlap(cidr('10.1.7.0/24'), cidr('10.1.0.0/16'))).toBe(true)
    expect(overlap(cidr('10.1.0.0/16'), cidr('10.2.0.0/16'))).toBe(false)
  })
})
