import { describe, expect, test } from 'vitest'
import { readCreateRequest } from '../../../api/containers/create/request.ts'

const read = (document: object) => readCreateRequest(document as Record<string, unknown>, '')

describe('networks', () => {
  const connections = (HostConfig: object, EndpointsConfig: object = {}, more: object = {}) =>
    read({ Image: 'i', HostConfig, NetworkingConfig: { EndpointsConfig }, ...more }).connections
  const names = (found: ReturnType<typeof connections>) =>
    (found.networks ?? []).map(({ network }) => network)

  test('the one of the mode is the first', () => {
    const found = connections({ NetworkMode: 'b' }, { a: {}, b: { Aliases: ['x'], GwPriority: 3 } })
    expect([found.mode, names(found)]).toEqual(['b', ['b', 'a']])
    expect(found.networks?.[0]).toMatchObject({ aliases: ['x'], gwPriority: 3 })
  })

  test('wishes for another network than the default one', () => {
    expect(names(connections({}, { mine: {} }))).toEqual(['mine'])
    expect(names(connections({ NetworkMode: 'default' }, { default: {} }))).toEqual([])
  })

  test('addresses, links and options of one', () => {
    const IPAMConfig = {
      IPv4Address: '10.0.0.5',
      IPv6Address: 'fd::5',
      LinkLocalIPs: ['169.254.1.1'],
    }
    const settings = {
      IPAMConfig,
      Links: ['o:p'],
      MacAddress: '02-42-AC-11-00-02',
      DriverOpts: { a: 'b' },
    }
    expect(connections({ NetworkMode: 'n' }, { n: settings }).networks).toEqual([
      {
        network: 'n',
        networkId: '',
        aliases: [],
        links: ['o:p'],
        ipv4: '10.0.0.5',
        ipv6: 'fd::5',
        mac: '02:42:ac:11:00:02',
        linkLocal: ['169.254.1.1'],
        driverOptions: { a: 'b' },
      },
    ])
  })

  test('none at all', () => {
    expect(connections({ NetworkMode: 'n' }, { n: {} }, { NetworkDisabled: true })).toEqual({
      mode: 'none',
      exposed: [],
      published: [],
    })
  })

  test('ports', () => {
    const PortBindings = {
      '80': [{ HostPort: '8080' }, { HostIp: '::1', HostPort: '' }],
      '53/UDP': [{ HostIp: '127.0.0.1', HostPort: '53-60' }],
      '9/tcp': null,
    }
    const found = connections({ PortBindings }, {}, { ExposedPorts: { '70-71/udp': {}, '90': {} } })
    expect(found.exposed).toEqual(['90/tcp', '70-71/udp'])
    expect(found.published).toEqual([
      { port: '80/tcp', hostIp: '', hostPort: '8080' },
      { port: '80/tcp', hostIp: '::1', hostPort: '' },
      { port: '53/udp', hostIp: '127.0.0.1', hostPort: '53-60' },
    ])
  })
})
