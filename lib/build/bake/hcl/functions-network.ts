import { CallError } from './call.ts'
import { define, type FunctionTable } from './define.ts'
import type { Value } from './value.ts'

/** A network, its address as a number; 32 or 128 bits. */
interface Network {
  address: bigint
  length: number
  bits: 32 | 128
}

function parseNetwork(text: string): Network {
  const [, host = '', length = ''] = /^(.+)\/(\d{1,3})$/.exec(text) ?? []
  const bits = host.includes(':') ? 128 : 32
  const address = bits === 128 ? parseSix(host) : parseFour(host)
  if (address === undefined || Number(length) > bits) {
    throw new CallError(`invalid CIDR expression: invalid CIDR address: ${text}`)
  }
  const shift = BigInt(bits - Number(length))
  return { address: (address >> shift) << shift, length: Number(length), bits }
}

function parseFour(text: string): bigint | undefined {
  const parts = text.split('.')
  if (parts.length !== 4 || parts.some((part) => !/^\d{1,3}$/.test(part) || Number(part) > 255))
    return undefined
  return parts.reduce((sum, part) => (sum << 8n) | BigInt(part), 0n)
}

function parseSix(text: string): bigint | undefined {
  if (!URL.canParse(`http://[${text}]`)) return undefined
  // The shortest form, without an IPv4 address in it.
  const [head = '', tail] = new URL(`http://[${text}]`).hostname.slice(1, -1).split('::')
  const groups = (part: string | undefined) => (part ? part.split(':') : [])
  const [first, last] = [groups(head), groups(tail)]
  const zeros = Array.from({ length: 8 - first.length - last.length }, () => '0')
  return [...first, ...zeros, ...last].reduce(
    (sum, group) => (sum << 16n) | BigInt(`0x${group}`),
    0n,
  )
}

function formatAddress(address: bigint, bits: 32 | 128): string {
  if (bits === 32) return [24n, 16n, 8n, 0n].map((shift) => (address >> shift) & 255n).join('.')
  const groups = Array.from({ length: 8 }, (_, at) =>
    ((address >> BigInt(112 - 16 * at)) & 0xffffn).toString(16),
  )
  return new URL(`http://[${groups.join(':')}]`).hostname.slice(1, -1)
}

function host(prefix: string, number: number): string {
  const { address, length, bits } = parseNetwork(prefix)
  const size = 1n << BigInt(bits - length)
  const wanted = BigInt(Math.trunc(number))
  const at = wanted < 0n ? size + wanted : wanted
  if (at >= 0n && at < size) return formatAddress(address + at, bits)
  throw new CallError(`prefix of ${length} does not accommodate a host numbered ${number}`)
}

function netmask(prefix: string): string {
  const { length, bits } = parseNetwork(prefix)
  if (bits === 128) throw new CallError('IPv6 addresses cannot have a netmask')
  return formatAddress(((1n << BigInt(length)) - 1n) << BigInt(bits - length), bits)
}

function subnet(prefix: string, newBits: number, number: number): string {
  const { address, length, bits } = parseNetwork(prefix)
  const inner = length + newBits
  if (inner > bits)
    throw new CallError(`insufficient address space to extend prefix of ${length} by ${newBits}`)
  if (number < 0 || BigInt(number) >= 1n << BigInt(newBits)) {
    throw new CallError(
      `prefix extension of ${newBits} does not accommodate a subnet numbered ${number}`,
    )
  }
  return `${formatAddress(address | (BigInt(number) << BigInt(bits - inner)), bits)}/${inner}`
}

/** One network behind the other, each so large as its number of bits says. */
function subnets(prefix: string, ...newBits: number[]): Value {
  const { address, length, bits } = parseNetwork(prefix)
  const end = address + (1n << BigInt(bits - length))
  let next = address
  return newBits.map((wanted) => {
    const inner = length + wanted
    if (wanted < 1 || inner > bits)
      throw new CallError(
        `would extend prefix to ${inner} bits, which is too long or too short for this address`,
      )
    const size = 1n << BigInt(bits - inner)
    const start = ((next + size - 1n) / size) * size
    if (start + size > end)
      throw new CallError(
        `not enough remaining address space for a subnet with a prefix of ${inner} bits`,
      )
    next = start + size
    return `${formatAddress(start, bits)}/${inner}`
  })
}

/** Functions on networks and their addresses. */
export const networkFunctions: FunctionTable = {
  cidrhost: define('prefix:string hostnum:number', host),
  cidrnetmask: define('prefix:string', netmask),
  cidrsubnet: define('prefix:string newbits:number netnum:number', subnet),
  cidrsubnets: define('prefix:string ...newbits:number', subnets),
}
