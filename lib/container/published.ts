import { LighterError } from '../core/errors.ts'
import { bindingAddress } from '../network/driver-options.ts'
import { type Endpoint, findWayOut } from '../network/endpoint.ts'
import type { PortPlan } from '../runtime/plan.ts'
import type { PortBinding } from './options.ts'
import { parsePortRange } from './ports.ts'
import type { ContainerRecord } from './record.ts'
import type { ContainerState } from './state.ts'

type Document = Record<string, unknown>

const EVERYWHERE = ['0.0.0.0', '::']

/**
 * Where the ports of a container on these networks are published that name no address of the host: as the network says that is
 * its way out. Empty: nothing is published, since there is none, as with Docker.
 */
export function defaultAddresses(data: string, endpoints?: readonly Endpoint[]): string[] {
  if (!endpoints) return EVERYWHERE
  const wayOut = findWayOut(data, endpoints)
  if (!wayOut) return []
  const own = bindingAddress(wayOut.options)
  return own === undefined ? EVERYWHERE : [own]
}

/** The ports that the monitor takes of the host. Throws `unsupported` for what no forwarder can carry. */
export function planPorts(
  { host, config }: ContainerRecord,
  addresses: string[] = EVERYWHERE,
): PortPlan[] {
  if (addresses.length === 0) return []
  const wished = host.portBindings ?? []
  const named = new Set(wished.map(({ port }) => port))
  const exposed = host.publishAll
    ? config.exposedPorts.flatMap(expand).filter((port) => !named.has(port))
    : []
  const any = exposed.map((port): PortBinding => ({ port, hostIp: '', hostPort: '' }))
  // Who wishes one number gets it before those who take any of several.
  return [...wished, ...any]
    .map((binding) => planPort(binding, addresses))
    .sort((a, b) => choices(a) - choices(b))
}

const choices = ({ first, last }: PortPlan): number => (first === 0 ? 65536 : last - first)

/** `80-81/udp` → `80/udp`, `81/udp` */
function expand(text: string): string[] {
  const range = parsePortRange(text)
  if (!range) return []
  return Array.from(
    { length: range.last - range.first + 1 },
    (_, at) => `${range.first + at}/${range.protocol}`,
  )
}

/** What the monitor is told of one. Throws `unsupported`. */
export function planPort(
  { port, hostIp, hostPort }: PortBinding,
  addresses: string[] = EVERYWHERE,
): PortPlan {
  const inside = parsePortRange(port)
  const outside = hostPort === '' ? { first: 0, last: 0 } : parsePortRange(hostPort)
  if (!inside || !outside) throw new LighterError('bad-input', `not a port: ${port}`)
  const { protocol } = inside
  if (protocol !== 'tcp' && protocol !== 'udp') {
    throw new LighterError(
      'unsupported',
      `port ${port} cannot be published: only tcp and udp can be passed on without root`,
    )
  }
  return {
    protocol,
    port: inside.first,
    addresses: hostIp === '' ? addresses : [hostIp],
    first: outside.first,
    last: outside.last,
  }
}

/** `NetworkSettings.Ports` of the document: of a running container, also the ports that are not published. */
export function inspectPorts({ config }: ContainerRecord, state: ContainerState): Document {
  if (state.status !== 'running' || state.networks.length === 0) return {}
  const ports = new Map<string, Document[] | null>()
  for (const port of config.exposedPorts.flatMap(expand)) ports.set(port, null)
  for (const { port, protocol, hostIp, hostPort } of state.ports) {
    const key = `${port}/${protocol}`
    ports.set(key, [...(ports.get(key) ?? []), { HostIp: hostIp, HostPort: String(hostPort) }])
  }
  return Object.fromEntries([...ports].sort(([a], [b]) => (a < b ? -1 : 1)))
}

/** `HostConfig.PortBindings` of the document. */
export function inspectBindings(bindings: readonly PortBinding[]): Document {
  const ports = new Map<string, Document[]>()
  for (const { port, hostIp, hostPort } of bindings) {
    ports.set(port, [...(ports.get(port) ?? []), { HostIp: hostIp, HostPort: hostPort }])
  }
  return Object.fromEntries([...ports].sort(([a], [b]) => (a < b ? -1 : 1)))
}
