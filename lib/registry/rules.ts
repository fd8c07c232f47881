import { isIP } from 'node:net'
import { LighterError } from '../core/errors.ts'
import { familiarReference, fullName, type Reference } from '../oci/reference.ts'

/** A place that may have an image. */
export interface Endpoint {
  registry: string
  repository: string
  /** Without TLS, or with a certificate that nobody vouches for. */
  insecure: boolean
}

export interface Mirror {
  /** `host[:port][/path]`; takes the place of the rule's prefix. */
  location: string
  insecure: boolean
  /** What it is asked for. */
  serves: 'all' | 'digest-only' | 'tag-only'
}

/** What is said of registries or parts of them, as containers-registries.conf(5) has it. */
export interface Rule {
  /** `host[:port][/path…]` or `*.example.com`. */
  prefix: string
  /** What takes the prefix's place; absent: the prefix stays. */
  location?: string
  insecure: boolean
  blocked: boolean
  mirrors: Mirror[]
  /** The file that says so. */
  source: string
}

/** Everything that is said of registries. */
export interface Rules {
  /** Of two with one prefix the later counts. */
  rules: readonly Rule[]
  /** Registries and networks of addresses, as in Docker's daemon.json; whatever a rule says of them. */
  insecure: readonly string[]
}

/**
 * Where an image is looked for, in this order; the last is its own place. Of the rules that fit the one with the longest prefix
 * counts. Throws `registry-denied` for what is blocked.
 */
export function findEndpoints({ rules, insecure }: Rules, reference: Reference): Endpoint[] {
  const isInsecure = (registry: string): boolean =>
    insecure.some((entry) => entry === registry || isInNetwork(entry, hostOf(registry)))
  return findPlaces(rules, reference).map((place) => ({
    ...place,
    insecure: place.insecure || isInsecure(place.registry),
  }))
}

function findPlaces(rules: readonly Rule[], reference: Reference): Endpoint[] {
  const rule = rules
    .filter(({ prefix }) => fits(prefix, reference))
    .reduce<Rule | undefined>(
      (best, next) => (best && best.prefix.length > next.prefix.length ? best : next),
      undefined,
    )
  const { registry, repository } = reference
  if (!rule) return [{ registry, repository, insecure: false }]
  if (rule.blocked) {
    throw new LighterError(
      'registry-denied',
      `registry ${rule.prefix} is blocked in ${rule.source}: ${familiarReference(reference)}`,
    )
  }
  const kind = reference.digest ? 'digest-only' : 'tag-only'
  const mirrors = rule.mirrors.filter(({ serves }) => serves === 'all' || serves === kind)
  const own =
    rule.location === undefined ? undefined : replacePrefix(rule, rule.location, reference)
  return [
    ...mirrors.map(({ location, insecure }) => ({
      ...replacePrefix(rule, location, reference),
      insecure,
    })),
    { registry, repository, ...own, insecure: rule.insecure },
  ]
}

/** Whether a prefix is a whole part of the name: `a.example/b` fits `a.example/b/c` and not `a.example/bc`. */
function fits(prefix: string, reference: Reference): boolean {
  if (prefix.startsWith('*.')) {
    const [domain = '', ...path] = prefix.slice(1).split('/')
    return hostOf(reference.registry).endsWith(domain) && path.length === 0
  }
  const name = fullName(reference)
  return name === prefix || name.startsWith(`${prefix}/`) || isTagged(prefix, reference)
}

/** A rule may be for one tag or digest alone. */
const isTagged = (prefix: string, reference: Reference): boolean =>
  (reference.tag !== undefined && prefix === `${fullName(reference)}:${reference.tag}`) ||
  (reference.digest !== undefined && prefix === `${fullName(reference)}@${reference.digest}`)

const hostOf = (registry: string): string => registry.replace(/:\d+$/, '')

function isInNetwork(network: string, host: string): boolean {
  const [base = '', bits = ''] = network.split('/')
  if (isIP(host) !== 4 || isIP(base) !== 4) return false
  const size = 2 ** (32 - Number(bits))
  return Math.floor(numberOf(host) / size) === Math.floor(numberOf(base) / size)
}

const numberOf = (address: string): number =>
  address.split('.').reduce((number, part) => number * 256 + Number(part), 0)

/** The same image below another location. */
function replacePrefix(
  { prefix }: Rule,
  location: string,
  { registry, repository }: Reference,
): { registry: string; repository: string } {
  const name = `${registry}/${repository}`
  // What fits by a pattern is replaced up to the end of its host.
  const replaced =
    name.startsWith(`${prefix}/`) || name === prefix ? prefix.length : registry.length
  const [host = '', ...path] = `${location}${name.slice(replaced)}`.split('/')
  return { registry: host, repository: path.join('/') }
}
