import { LighterError } from '../core/errors.ts'
import { shortId } from '../core/ids.ts'
import type { Endpoint } from '../network/endpoint.ts'
import { isOwnNetwork, PREDEFINED_IDS } from '../network/network.ts'
import { type Container, findContainer } from './catalog.ts'
import type { ContainerRecord } from './record.ts'
import { readState } from './state.ts'

/** One `--link`: another container, and what it is called here. */
export interface Link {
  target: string
  alias: string
}

/** `container` or `container:alias` */
export function parseLink(text: string): Link {
  const [target = '', alias = target.replace(/^\//, '')] = text.split(':')
  return { target, alias }
}

/** Links on networks with names: what the name server answers this container alone. As with Docker the others need not be there. */
export function planLinks(data: string, endpoints: readonly Endpoint[]): Record<string, string[]> {
  const links: Record<string, string[]> = {}
  for (const { target, alias } of endpoints.flatMap((endpoint) => endpoint.links.map(parseLink))) {
    if (target === '' || alias === '') continue
    links[alias] = [...(links[alias] ?? []), nameOf(data, target)]
  }
  return links
}

function nameOf(data: string, target: string): string {
  try {
    return findContainer(data, target.replace(/^\//, '')).record.name
  } catch (error) {
    if (error instanceof LighterError) return target
    throw error
  }
}

/** Links on the default network, whose containers must be there. */
const defaultLinks = (endpoints: readonly Endpoint[]): Link[] =>
  endpoints.flatMap(({ network, links }) => (isOwnNetwork(network) ? [] : links.map(parseLink)))

/** Throws where a container that is linked to on the default network is not there. */
export function checkLinks(data: string, endpoints: readonly Endpoint[]): void {
  for (const { target } of defaultLinks(endpoints)) findTarget(data, target)
}

/**
 * Links on the default network are lines of /etc/hosts: `address name…`. Throws where a container is not there, or does not
 * run.
 */
export function linkedHosts(data: string, record: ContainerRecord): string[] {
  return defaultLinks(record.networks ?? []).map(({ target, alias }) => {
    const found = findTarget(data, target)
    const state = readState(found.directory)
    if (state.status !== 'running') {
      throw new LighterError(
        'conflict',
        `Cannot link to a non running container: /${found.record.name} AS /${record.name}/${alias}`,
      )
    }
    const address = state.networks.find(({ id }) => id === PREDEFINED_IDS.bridge)?.address
    if (address === undefined) {
      throw new LighterError(
        'conflict',
        `Cannot link to /${found.record.name}, as it does not belong to the default network`,
      )
    }
    const names = new Set([alias, shortId(found.record.id), found.record.name])
    return `${address}\t${[...names].join(' ')}\n`
  })
}

/** The same file without the lines of this endpoint's links. */
export function withoutLinks(hosts: string, { network, links }: Endpoint): string {
  if (isOwnNetwork(network) || links.length === 0) return hosts
  const aliases = new Set(links.map((text) => parseLink(text).alias))
  const isLink = (line: string): boolean => aliases.has(line.split('\t')[1]?.split(' ')[0] ?? '')
  return hosts
    .split('\n')
    .filter((line) => !isLink(line))
    .join('\n')
}

function findTarget(data: string, target: string): Container {
  if (target === '') {
    throw new LighterError(
      'bad-input',
      'could not get container for : invalid name or ID supplied: ""',
    )
  }
  try {
    return findContainer(data, target.replace(/^\//, ''))
  } catch (error) {
    if (!(error instanceof LighterError)) throw error
    throw new LighterError(error.code, `could not get container for ${target}: ${error.message}`)
  }
}

/** `HostConfig.Links` of the document: `/target:/container/alias`; links on other networks stand there. */
export function inspectLinks({ name, networks }: ContainerRecord): string[] | null {
  const links = defaultLinks(networks ?? [])
  if (links.length === 0) return null
  return links.map(({ target, alias }) => `/${target.replace(/^\//, '')}:/${name}/${alias}`)
}
