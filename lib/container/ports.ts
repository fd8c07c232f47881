import type { ContainerWithState } from './catalog.ts'

/** A port of a running container; `address` and `outside` where it can be reached from the host. */
export interface ContainerPort {
  inside: number
  protocol: string
  address?: string
  outside?: number
}

/** `80/tcp`, `80-82/udp`, `80`: first and last number, and the protocol. `undefined` for what is none. */
export function parsePortRange(
  text: string,
): { first: number; last: number; protocol: string } | undefined {
  const [, first, last = first, protocol = 'tcp'] =
    /^(\d+)(?:-(\d+))?(?:\/(\w+))?$/.exec(text) ?? []
  return first === undefined
    ? undefined
    : { first: Number(first), last: Number(last), protocol: protocol.toLowerCase() }
}

/** The ports that the image or `--expose` declares, and the published ones: shown while the container runs in a network of its own. */
export function portsOf({ record, state }: ContainerWithState): ContainerPort[] {
  if (state.status !== 'running' || state.networks.length === 0) return []
  const published = state.ports.map(({ port, protocol, hostIp, hostPort }) => ({
    inside: port,
    protocol,
    address: hostIp,
    outside: hostPort,
  }))
  const exposed = record.config.exposedPorts.flatMap((text) => {
    const range = parsePortRange(text)
    if (!range) return []
    const { first, last, protocol } = range
    return Array.from({ length: last - first + 1 }, (_, index) => ({
      inside: first + index,
      protocol,
    }))
  })
  const isPublished = (port: ContainerPort): boolean =>
    published.some(({ inside, protocol }) => inside === port.inside && protocol === port.protocol)
  return [...exposed.filter((port) => !isPublished(port)), ...published]
}

interface Group {
  first: number
  last: number
}

/** `70/tcp, 0.0.0.0:9000-9002->9000-9002/tcp, 127.0.0.1:1053->53/udp`: neighbours are put together, as Docker does. */
export function formatPorts(ports: readonly ContainerPort[]): string {
  const groups = new Map<string, Group>()
  const done: string[] = []
  const mapped: string[] = []
  for (const { inside, protocol, address, outside } of [...ports].sort(comparePorts)) {
    if (address !== undefined && outside !== inside) {
      mapped.push(`${address}:${outside}->${inside}/${protocol}`)
      continue
    }
    const key = address === undefined ? protocol : `${address}/${protocol}`
    const group = groups.get(key)
    if (group && inside === group.last + 1) group.last = inside
    else {
      if (group) done.push(formatGroup(key, group))
      groups.set(key, { first: inside, last: inside })
    }
  }
  const rest = [...groups].map(([key, group]) => formatGroup(key, group))
  return [...done, ...rest, ...mapped].join(', ')
}

function formatGroup(key: string, { first, last }: Group): string {
  const slash = key.indexOf('/')
  const range = first === last ? String(first) : `${first}-${last}`
  if (slash < 0) return `${range}/${key}`
  return `${key.slice(0, slash)}:${range}->${range}/${key.slice(slash + 1)}`
}

function comparePorts(a: ContainerPort, b: ContainerPort): number {
  if (a.inside !== b.inside) return a.inside - b.inside
  if (a.address !== b.address) return (a.address ?? '') < (b.address ?? '') ? -1 : 1
  if (a.outside !== b.outside) return (a.outside ?? 0) - (b.outside ?? 0)
  return a.protocol < b.protocol ? -1 : a.protocol > b.protocol ? 1 : 0
}
