import { readFileSync } from 'node:fs'
import { LighterError } from '../core/errors.ts'
import { lazyOs } from '../core/lazy.ts'
import { formatCidr, networkOf, overlap, parseCidr, type Subnet } from './address.ts'
import type { NetworkRecord } from './record.ts'

/** Docker's own pools of private addresses: 172.17 to 172.31 as /16, then 192.168 as /20. */
function* defaultPools(): Generator<Subnet> {
  for (let second = 17n; second < 32n; second++) {
    yield { family: 4, value: (172n << 24n) | (second << 16n), prefix: 16 }
  }
  for (let third = 0n; third < 256n; third += 16n) {
    yield { family: 4, value: (192n << 24n) | (168n << 16n) | (third << 8n), prefix: 20 }
  }
}

/** A free subnet of the default pools: of no network, and nothing that the host reaches. Throws `conflict`. */
export function chooseSubnet(networks: readonly NetworkRecord[]): string {
  const used = [...usedSubnets(networks), ...hostSubnets()]
  for (const pool of defaultPools()) {
    if (!used.some((other) => overlap(pool, other))) return formatCidr(pool)
  }
  throw new LighterError(
    'conflict',
    'could not find an available, non-overlapping IPv4 address pool among the defaults to assign to the network',
  )
}

/** The subnets that networks have; one that is only a description has none. */
export const usedSubnets = (networks: readonly NetworkRecord[]): Subnet[] =>
  networks.flatMap(({ pools, configOnly }) =>
    configOnly ? [] : pools.flatMap(({ subnet }) => parseCidr(subnet) ?? []),
  )

/** What the host's interfaces and routes cover, its default route aside. */
function hostSubnets(): Subnet[] {
  const own = Object.values(lazyOs().networkInterfaces()).flatMap((list) =>
    (list ?? []).flatMap(({ cidr }) => (cidr === null ? [] : (parseCidr(cidr) ?? []))),
  )
  return [...own.map(networkOf), ...hostRoutes()]
}

/** /proc/net/route: addresses in hexadecimal, the lowest byte first; proc_pid_net(5). */
function hostRoutes(): Subnet[] {
  let text: string
  try {
    text = readFileSync('/proc/net/route', 'latin1')
  } catch {
    return []
  }
  return text
    .split('\n')
    .slice(1)
    .flatMap((line) => {
      const fields = line.split('\t')
      const [destination, mask] = [fields[1], fields[7]]
      if (!destination || !mask || mask === '00000000') return []
      const prefix = BigInt(`0x${mask}`).toString(2).replaceAll('0', '').length
      return [{ family: 4 as const, value: swapBytes(destination), prefix }]
    })
}

const swapBytes = (hex: string): bigint =>
  BigInt(`0x${[6, 4, 2, 0].map((at) => hex.slice(at, at + 2)).join('')}`)
