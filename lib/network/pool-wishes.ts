import { LighterError } from '../core/errors.ts'
import {
  type Address,
  contains,
  formatCidr,
  networkOf,
  parseAddress,
  parseCidr,
  type Subnet,
} from './address.ts'
import type { AddressPool } from './record.ts'

/** Texts of `--subnet`, `--gateway`, `--ip-range` and `--aux-address`. */
export interface PoolWishes {
  subnets: readonly string[]
  gateways: readonly string[]
  ranges: readonly string[]
  auxiliary: Readonly<Record<string, string>>
}

/** What Docker's client finds wrong says so alone: exit code 1 and the sentence. */
const refused = (message: string): LighterError => new LighterError('usage', message)
const bad = (message: string): LighterError => new LighterError('bad-input', message)

/**
 * Puts the flags together: each range, gateway and address belongs to the subnet that holds it. Those of IPv4 come first, as Docker shows
 * them. Pure. Throws.
 */
export function planPools(wishes: PoolWishes): AddressPool[] {
  const { subnets, gateways, ranges, auxiliary } = wishes
  if (subnets.length < gateways.length || subnets.length < ranges.length) {
    throw refused('every ip-range or gateway must have a corresponding subnet')
  }
  const pools = subnets.map((text, at): AddressPool => {
    for (const other of subnets.slice(0, at)) checkApart(text, other)
    return { subnet: text }
  })
  for (const text of ranges) {
    const range = parseCidr(text)
    if (!range) throw refused(`invalid CIDR address: ${text}`)
    const pool = holder(pools, networkOf(range)) ?? fail(`no matching subnet for range ${text}`)
    if (pool.ipRange !== undefined) {
      throw refused(
        `cannot configure multiple ranges (${text}, ${pool.ipRange}) on the same subnet (${pool.subnet})`,
      )
    }
    pool.ipRange = text
  }
  for (const text of gateways) {
    const pool = holder(pools, parseAddress(text)) ?? fail(`no matching subnet for gateway ${text}`)
    if (pool.gateway !== undefined) {
      throw refused(
        `cannot configure multiple gateways (${text}, ${pool.gateway}) for the same subnet (${pool.subnet})`,
      )
    }
    pool.gateway = text
  }
  for (const [name, text] of Object.entries(auxiliary)) {
    const pool =
      holder(pools, parseAddress(text)) ?? fail(`no matching subnet for aux-address ${text}`)
    pool.auxiliary = { ...pool.auxiliary, [name]: text }
  }
  return checkPools(pools)
}

/** Those of IPv4 first, as Docker shows them. Throws what Docker's engine finds wrong. */
export function checkPools(pools: readonly AddressPool[]): AddressPool[] {
  const reasons = pools.flatMap(faultsOf)
  // So Go's `errors.Join` is shown by Docker.
  const marked = reasons.length > 1 ? reasons.map((reason) => `* ${reason}`) : reasons
  if (reasons.length > 0) throw bad(`invalid network config:\n${marked.join('\n')}`)
  const four = pools.filter((pool) => !isSix(pool))
  if (four.length > 1)
    throw new LighterError('forbidden', "bridge driver doesn't support multiple subnets")
  return [...four, ...pools.filter(isSix)]
}

function fail(message: string): never {
  throw refused(message)
}

const isSix = ({ subnet }: AddressPool): boolean => parseCidr(subnet)?.family === 6

const holder = (pools: AddressPool[], address: Address | undefined): AddressPool | undefined =>
  pools.find(({ subnet }) => {
    const parsed = parseCidr(subnet)
    return parsed && address && contains(parsed, address)
  })

function checkApart(text: string, other: string): void {
  const [a, b] = [parseCidr(text), parseCidr(other)]
  if (a && b && (contains(a, b) || contains(b, a))) {
    throw refused('multiple overlapping subnet configuration is not supported')
  }
}

function faultsOf(pool: AddressPool): string[] {
  const { subnet: text, ipRange, gateway, auxiliary = {} } = pool
  const subnet = parseCidr(text)
  if (!subnet) return [`invalid subnet ${text}: invalid CIDR block notation`]
  const right = formatCidr(networkOf(subnet))
  if (right !== formatCidr(subnet)) return [`invalid subnet ${text}: it should be ${right}`]
  return [
    ...tooSmall(text, subnet),
    ...rangeFaults(pool, subnet, ipRange),
    ...addressFaults(pool, subnet, `gateway ${gateway}`, gateway),
    ...Object.entries(auxiliary).flatMap(([name, address]) =>
      addressFaults(pool, subnet, `auxiliary address ${name}`, address),
    ),
  ]
}

const tooSmall = (text: string, { family, prefix }: Subnet): string[] =>
  prefix > (family === 4 ? 30 : 126) || prefix < 8
    ? [
        `invalid subnet ${text}: it has no room for a gateway and a container, or is larger than a /8`,
      ]
    : []

function rangeFaults(pool: AddressPool, subnet: Subnet, text: string | undefined): string[] {
  if (text === undefined) return []
  const range = parseCidr(text)
  if (!range) return [`invalid ip-range ${text}: invalid CIDR block notation`]
  const right = formatCidr(networkOf(range))
  if (right !== formatCidr(range)) return [`invalid ip-range ${text}: it should be ${right}`]
  if (range.family === subnet.family && contains(subnet, range)) return []
  if (range.family === subnet.family && range.prefix < subnet.prefix) {
    return [`invalid ip-range ${text}: CIDR block is bigger than its parent subnet ${pool.subnet}`]
  }
  return [`invalid ip-range ${text}: parent subnet ${pool.subnet} doesn't contain ip-range`]
}

function addressFaults(
  pool: AddressPool,
  subnet: Subnet,
  what: string,
  text: string | undefined,
): string[] {
  if (text === undefined) return []
  const address = parseAddress(text)
  if (!address) return [`invalid ${what}: invalid address`]
  if (address.family !== subnet.family) {
    return [`invalid ${what}: parent subnet is an IPv${subnet.family} block`]
  }
  if (contains(subnet, address)) return []
  return [`invalid ${what}: parent subnet ${pool.subnet} doesn't contain this address`]
}
