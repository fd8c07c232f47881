import { describe, expect, test } from 'vitest'
import { type Endpoint, gatewayOf, planEndpoint } from '../../../lib/network/endpoint.ts'
import { planPools } from '../../../lib/network/pool-wishes.ts'
import type { NetworkRecord } from '../../../lib/network/record.ts'

const network: NetworkRecord = {
  version: 1,
  id: 'ab'.repeat(32),
  name: 'net',
  createdAt: '2026-01-01T00:00:00.000Z',
  driver: 'bridge',
  internal: false,
  attachable: false,
  ipv6: false,
  options: {},
  labels: {},
  pools: [{ subnet: '10.5.0.0/16' }],
  ipamOptions: null,
  configOnly: false,
  configFrom: '',
}
const wished: Endpoint = { network: 'net', networkId: network.id, aliases: [], links: [] }
const own = { interface: 'eth0', names: ['web'] }

describe('endpoints', () => {
  test('the first address is the gateway, or that of the range', () => {
    expect(gatewayOf({ subnet: '10.5.0.0/16' })).toBe('10.5.0.1')
    expect(gatewayOf({ subnet: '10.5.0.0/16', ipRange: '10.5.8.0/24' })).toBe('10.5.8.0')
    expect(gatewayOf({ subnet: '10.5.0.0/16', ipRange: '10.5.0.0/24' })).toBe('10.5.0.1')
    expect(gatewayOf({ subnet: '10.5.0.0/16', gateway: '10.5.9.9' })).toBe('10.5.9.9')
  })

  test('what the native program is told', () => {
    const options = {
      'com.docker.network.driver.mtu': '1400',
      'com.docker.network.bridge.enable_icc': 'false',
    }
    const pools = [{ subnet: '10.5.0.0/16', auxiliary: { a: '10.5.0.7' } }]
    expect(
      planEndpoint({ ...network, options, pools }, { ...wished, ipv4: '10.5.0.9' }, own),
    ).toEqual({
      id: network.id,
      name: 'net',
      bridge: 'labababababab',
      subnet: '10.5.0.0/16',
      gateway: '10.5.0.1',
      interface: 'eth0',
      names: ['web'],
      address: '10.5.0.9',
      reserved: ['10.5.0.7'],
      mtu: 1400,
      internal: false,
      isolated: true,
      route: false,
    })
  })

  test('an address of another network is refused', () => {
    expect(() => planEndpoint(network, { ...wished, ipv4: '10.6.0.9' }, own)).toThrow(
      'no configured subnet or ip-range contain the IP address 10.6.0.9',
    )
  })
})

describe('pools', () => {
  const none = { subnets: [], gateways: [], ranges: [], auxiliary: {} }

  test('each flag belongs to the subnet that holds it', () => {
    expect(
      planPools({
        subnets: ['10.1.0.0/16', 'fd00::/64'],
        gateways: ['fd00::1', '10.1.0.1'],
        ranges: ['10.1.5.0/24'],
        auxiliary: { a: '10.1.0.9' },
      }),
    ).toEqual([
      {
        subnet: '10.1.0.0/16',
        gateway: '10.1.0.1',
        ipRange: '10.1.5.0/24',
        auxiliary: { a: '10.1.0.9' },
      },
      { subnet: 'fd00::/64', gateway: 'fd00::1' },
    ])
  })

  test('those of IPv4 come first', () => {
    const subnets = ['fd00::/64', '10.1.0.0/16', 'fd01::/64']
    const order = ['10.1.0.0/16', 'fd00::/64', 'fd01::/64']
    expect(planPools({ ...none, subnets }).map(({ subnet }) => subnet)).toEqual(order)
  })

  test.each([
    [{ gateways: ['10.1.0.1'] }, 'every ip-range or gateway must have a corresponding subnet'],
    [{ subnets: ['10.1.0.0/16'], gateways: ['10.2.0.1'] }, 'no matching subnet for gateway'],
    [{ subnets: ['10.1.0.0/16'], ranges: ['10.2.0.0/24'] }, 'no matching subnet for range'],
    [
      { subnets: ['10.1.0.0/16'], auxiliary: { a: '10.2.0.1' } },
      'no matching subnet for aux-address',
    ],
    [{ subnets: ['10.1.0.0/16', '10.1.5.0/24'] }, 'multiple overlapping subnet configuration'],
    [{ subnets: ['10.1.0.5/16'] }, 'it should be 10.1.0.0/16'],
    [{ subnets: ['10.1.0.0/31'] }, 'it has no room'],
  ])('%j', (wishes, message) => {
    expect(() => planPools({ ...none, ...wishes })).toThrow(message)
  })
})
