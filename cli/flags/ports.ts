import type { PortBinding } from '../../lib/container/options.ts'
import { isAddress } from '../../lib/network/address.ts'
import { badValue } from './checked.ts'

const PROTOCOLS = new Set(['tcp', 'udp', 'sctp'])

/**
 * Parses `[[ip:][hostPort]:]port[/protocol]`, with ranges, or `target=port,published=hostPort,protocol=tcp`. Throws
 * `usage` with Docker's sentences.
 */
export function parsePublish(written: string): PortBinding[] {
  const text = written.includes('=') ? fromPairs(written) : written
  const slash = text.indexOf('/')
  const spec = slash < 0 ? text : text.slice(0, slash)
  const wanted = slash < 0 ? '' : text.slice(slash + 1)
  const parts = spec.split(':')
  const container = parts.pop() ?? ''
  const host = parts.pop() ?? ''
  const rawIp = parts.join(':')
  const ip = checkIp(rawIp)
  if (container === '') throw badValue(`No port specified: ${text}<empty>`)
  const inside = parseRange(container)
  if (!inside) throw badValue(`Invalid containerPort: ${container}`)
  const outside = host === '' ? undefined : (parseRange(host) ?? fail(`Invalid hostPort: ${host}`))
  const protocol = (wanted || 'tcp').toLowerCase()
  const count = inside[1] - inside[0]
  const single = outside !== undefined && count === 0 && outside[0] !== outside[1]
  if (outside && outside[1] - outside[0] !== count && !single) {
    throw badValue(
      `Invalid ranges specified for container and host Ports: ${container} and ${host}`,
    )
  }
  if (!PROTOCOLS.has(protocol)) throw badValue(`Invalid proto: ${protocol}`)
  return Array.from({ length: count + 1 }, (_, at) => ({
    port: `${inside[0] + at}/${protocol}`,
    hostIp: ip,
    hostPort: single ? host : outside ? String(outside[0] + at) : '',
  }))
}

/** The long form as the short one; keys that nobody knows count as little as with Docker. */
function fromPairs(written: string): string {
  const pairs = new Map<string, string>()
  for (const pair of written.split(',')) {
    const at = pair.indexOf('=')
    if (at < 1) {
      throw badValue(`invalid publish opts format (should be name=value but got '${pair}')`)
    }
    pairs.set(pair.slice(0, at), pair.slice(at + 1))
  }
  const of = (key: string): string => pairs.get(key) ?? ''
  return `${of('published')}:${of('target')}/${pairs.get('protocol') ?? 'tcp'}`
}

function fail(reason: string): never {
  throw badValue(reason)
}

function checkIp(text: string): string {
  if (text === '') return ''
  const bracketed = /^\[(.*)\]$/.exec(text)
  if (!bracketed && text.startsWith('[')) {
    throw badValue(`Invalid ip address ${text}: address ${text}:: missing ']' in address`)
  }
  if (!bracketed && text.includes(':')) {
    throw badValue(`Invalid ip address ${text}: address ${text}:: too many colons in address`)
  }
  const ip = bracketed?.[1] ?? text
  if (!isAddress(ip)) throw badValue(`Invalid ip address: ${ip}`)
  return ip
}

function parseRange(text: string): [number, number] | undefined {
  const match = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(text)
  const first = Number(match?.[1])
  const last = Number(match?.[2] ?? match?.[1])
  return match && last >= first && last <= 65535 ? [first, last] : undefined
}

/** Ports of `--expose`: `80`, `80-82/udp`. Throws `usage` with Docker's sentences. */
export function parseExpose(text: string): string[] {
  if (text.includes(':')) throw badValue(`invalid port format for --expose: ${text}`)
  const slash = text.indexOf('/')
  const range = slash < 0 ? text : text.slice(0, slash)
  const protocol = slash < 0 ? 'tcp' : text.slice(slash + 1).toLowerCase()
  const ends = range.split('-')
  const numbers = ends.map((end) => {
    const quoted = JSON.stringify(end)
    const bad = (reason: string) =>
      badValue(
        `invalid range format for --expose: ${text}, error: ${end === '' ? 'empty string specified for ports' : `strconv.ParseUint: parsing ${quoted}: ${reason}`}`,
      )
    if (!/^\d+$/.test(end)) throw bad('invalid syntax')
    if (Number(end) > 65535) throw bad('value out of range')
    return Number(end)
  })
  const [first = 0, last = first] = numbers
  if (last < first || ends.length > 2) {
    throw badValue(
      `invalid range format for --expose: ${text}, error: Invalid range specified for the Port: ${range}`,
    )
  }
  return Array.from({ length: last - first + 1 }, (_, at) => `${first + at}/${protocol}`)
}
