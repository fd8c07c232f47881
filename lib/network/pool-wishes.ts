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
  checkSubnets(pools)
  return [...pools.filter((pool) => !isSix(pool)), ...pools.filter(isSix)]
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

/** What Docker's engine finds wrong. */
function checkSubnets(pools: readonly AddressPool[]): void {
  const reasons = pools.flatMap(({ subnet: text, ipRange }) => {
    const parsed = parseCidr(text)
    if (!parsed) return [`invalid subnet ${text}: invalid CIDR block notation`]
    const right = formatCidr(networkOf(parsed))
    if (right !== formatCidr(parsed)) return [`invalid subnet ${text}: it should be ${right}`]
    return [...tooSmall(text, parsed), ...wrongRange(ipRange)]
  })
  const four = pools.filter(({ subnet }) => parseCidr(subnet)?.family === 4)
  if (reasons.length === 0 && four.length > 1) {
    throw new LighterError('bad-input', "bridge driver doesn't support multiple subnets")
  }
  if (reasons.length > 0) {
    throw new LighterError('bad-input', `invalid network config:\n${reasons.join('\n')}`)
  }
}

const tooSmall = (text: string, { family, prefix }: Subnet): string[] =>
  prefix > (family === 4 ? 30 : 126) || prefix < 8
    ? [
        `invalid subnet ${text}: it has no room for a gateway and a container, or is larger than a /8`,
      ]
    : []

function wrongRange(text: string | undefined): string[] {
  const range = text === undefined ? undefined : parseCidr(text)
  if (!range) return []
  const right = formatCidr(networkOf(range))
  return right === formatCidr(range) ? [] : [`invalid ip-range ${text}: it should be ${right}`]
}
