import type { Endpoint } from '../../lib/network/endpoint.ts'
import { isInterfaceMac, isMac } from '../../lib/network/mac.ts'
import { badRequest } from '../http/errors.ts'
import type { Fields } from '../http/fields.ts'

/** What Docker calls `EndpointSettings`, for the network that the client calls `network`. Throws 400. */
export function readEndpoint(network: string, settings: Fields): Endpoint {
  const addresses = settings.object('IPAMConfig', 'EndpointIPAMConfig')
  const [ipv4, ipv6] = [addresses.text('IPv4Address'), addresses.text('IPv6Address')]
  const linkLocal = addresses.texts('LinkLocalIPs')
  const mac = readMac(settings.text('MacAddress'))
  const gwPriority = settings.int('GwPriority', 'int')
  const driverOptions = settings.map('DriverOpts')
  return {
    network,
    networkId: '',
    aliases: settings.texts('Aliases'),
    links: settings.texts('Links'),
    ...(ipv4 === '' ? {} : { ipv4 }),
    ...(ipv6 === '' ? {} : { ipv6 }),
    ...(mac === '' ? {} : { mac }),
    ...(linkLocal.length > 0 ? { linkLocal } : {}),
    ...(gwPriority === 0 ? {} : { gwPriority }),
    ...(Object.keys(driverOptions).length > 0 ? { driverOptions } : {}),
  }
}

function readMac(text: string): string {
  if (text === '') return ''
  if (!isMac(text)) throw badRequest(`invalid MAC address ${text}`)
  if (isInterfaceMac(text)) return text.toLowerCase().replaceAll('-', ':')
  throw badRequest(`${text} is not the mac address of one interface: a multicast address, or zeros`)
}
