import { isDecimal } from '../core/characters.ts'

/** An IPv4 or IPv6 address as a number. */
export interface Address {
  family: 4 | 6
  value: bigint
}

export interface Subnet extends Address {
  /** Bits of the network's part. */
  prefix: number
}

const BITS = { 4: 32, 6: 128 } as const

/** `undefined` for what is no address. A zone (`%eth0`) is none of ours. */
export function parseAddress(text: string): Address | undefined {
  return text.includes(':') ? parseIpv6(text) : parseIpv4(text)
}

/** Whether it is an IPv4 or IPv6 address. */
export const isAddress = (text: string): boolean => parseAddress(text) !== undefined

/** One to three digits without a zero in front. */
const isByteText = (text: string): boolean =>
  text.length <= 3 && isDecimal(text) && (text === '0' || !text.startsWith('0'))

function parseIpv4(text: string): Address | undefined {
  const parts = text.split('.')
  if (parts.length !== 4 || !parts.every(isByteText)) return undefined
  const bytes = parts.map(Number)
  if (bytes.some((byte) => byte > 255)) return undefined
  return { family: 4, value: bytes.reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0n) }
}

function parseIpv6(text: string): Address | undefined {
  const tail = /^(.*:)(\d+\.\d+\.\d+\.\d+)$/.exec(text)
  const embedded = tail && parseIpv4(tail[2] ?? '')
  if (tail && !embedded) return undefined
  const plain = embedded
    ? `${tail?.[1]}${(embedded.value >> 16n).toString(16)}:${(embedded.value & 0xffffn).toString(16)}`
    : text
  const halves = plain.split('::')
  if (halves.length > 2) return undefined
  const [head = [], rest = []] = halves.map((half) => (half === '' ? [] : half.split(':')))
  const missing = 8 - head.length - rest.length
  if (halves.length === 1 ? missing !== 0 : missing < 1) return undefined
  const groups = [...head, ...Array<string>(halves.length === 1 ? 0 : missing).fill('0'), ...rest]
  if (!groups.every((group) => /^[0-9a-f]{1,4}$/i.test(group))) return undefined
  return {
    family: 6,
    value: groups.reduce((sum, group) => (sum << 16n) | BigInt(`0x${group}`), 0n),
  }
}

/** The usual text; the longest run of zeros of an IPv6 address is left out (RFC 5952). */
export function formatAddress({ family, value }: Address): string {
  if (family === 4) return [24n, 16n, 8n, 0n].map((shift) => (value >> shift) & 255n).join('.')
  const groups = Array.from({ length: 8 }, (_, at) =>
    ((value >> BigInt(16 * (7 - at))) & 0xffffn).toString(16),
  ).join(':')
  const runs = [...groups.matchAll(/(?<![0-9a-f])0(?::0)+(?![0-9a-f])/g)]
  const [longest] = runs.sort((a, b) => b[0].length - a[0].length)
  if (!longest) return groups
  const before = groups.slice(0, longest.index).replace(/:$/, '')
  const after = groups.slice(longest.index + longest[0].length).replace(/^:/, '')
  return `${before}::${after}`
}

/** `10.1.0.5/16` as the address with its prefix, host bits kept; `undefined` for what is none. */
export function parseCidr(text: string): Subnet | undefined {
  const [host = '', digits = '', more] = text.split('/')
  if (more !== undefined || !isByteText(digits)) return undefined
  const address = parseAddress(host)
  const prefix = Number(digits)
  return address && prefix <= BITS[address.family] ? { ...address, prefix } : undefined
}

const hostBits = ({ family, prefix }: Subnet): bigint => BigInt(BITS[family] - prefix)

/** The subnet without host bits. */
export const networkOf = (subnet: Subnet): Subnet => ({
  ...subnet,
  value: (subnet.value >> hostBits(subnet)) << hostBits(subnet),
})

/** The address at a distance from the first one. */
export const addressAt = (subnet: Subnet, offset: bigint): Address => ({
  family: subnet.family,
  value: networkOf(subnet).value + offset,
})

export const contains = (subnet: Subnet, address: Address): boolean =>
  address.family === subnet.family &&
  address.value >> hostBits(subnet) === subnet.value >> hostBits(subnet)

/** Whether two subnets have an address in common. */
export const overlap = (a: Subnet, b: Subnet): boolean => contains(a, b) || contains(b, a)

export const formatCidr = (subnet: Subnet): string => `${formatAddress(subnet)}/${subnet.prefix}`
