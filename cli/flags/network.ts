import { isInteger } from '../../lib/core/characters.ts'
import { splitCsv } from '../../lib/core/csv.ts'
import { badValue } from './checked.ts'
import { isAddress } from './ports.ts'

/** One `--network`, short (`NAME`) or long (`name=NAME,alias=…`). */
export interface NetworkFlag {
  name: string
  aliases: string[]
  ip: string
  ip6: string
  mac: string
  linkLocal: string[]
  gwPriority: number
  driverOptions: Record<string, string>
}

/** Parses `--network`. Throws `usage` with Docker's sentences. */
export function parseNetworkFlag(text: string): NetworkFlag {
  const flag: NetworkFlag = {
    name: '',
    aliases: [],
    ip: '',
    ip6: '',
    mac: '',
    linkLocal: [],
    gwPriority: 0,
    driverOptions: {},
  }
  if (!/\w+=\w+/.test(text)) return { ...flag, name: text }
  for (const field of splitCsv(text)) {
    const equals = field.indexOf('=')
    if (equals < 0) throw badValue(`invalid field ${field}`)
    const key = field.slice(0, equals).trim().toLowerCase()
    const value = field
      .slice(equals + 1)
      .trim()
      .toLowerCase()
    if (key === 'name') flag.name = value
    else if (key === 'alias') flag.aliases.push(value)
    else if (key === 'ip') flag.ip = value
    else if (key === 'ip6') flag.ip6 = value
    else if (key === 'mac-address') flag.mac = value
    else if (key === 'link-local-ip') flag.linkLocal.push(value)
    else if (key === 'gw-priority') flag.gwPriority = parsePriority(value)
    else if (key === 'driver-opt') addDriverOption(flag.driverOptions, value)
    else throw badValue(`invalid field key ${key}`)
  }
  if (flag.name === '') throw badValue('network name/id is not specified')
  return flag
}

function parsePriority(text: string): number {
  if (isInteger(text)) return Number(text)
  throw badValue(`invalid gw-priority (${text}): invalid syntax`)
}

function addDriverOption(options: Record<string, string>, text: string): void {
  const equals = text.indexOf('=')
  if (equals < 0) throw badValue('invalid key value pair format in driver options')
  options[text.slice(0, equals).trim()] = text.slice(equals + 1).trim()
}

/** What is wrong with `--link`. */
export function checkLink(text: string): string | undefined {
  if (text === '') return 'empty string specified for links'
  return text.split(':').length > 2 ? `bad format for links: ${text}` : undefined
}

/** What is wrong with `--add-host`. */
export function checkHost(text: string): string | undefined {
  const [, name, address = ''] = /^([^:=]+)[:=](.+)$/s.exec(text) ?? []
  if (name === undefined) return `bad format for add-host: ${JSON.stringify(text)}`
  const plain = address.replace(/^\[(.*)\]$/, '$1')
  if (plain === 'host-gateway' || isAddress(plain)) return undefined
  return `invalid IP address in add-host: ${JSON.stringify(address)}`
}

/** `name:address` of a checked `--add-host`. */
export function normalizeHost(text: string): string {
  const [, name = '', address = ''] = /^([^:=]+)[:=](.+)$/s.exec(text) ?? []
  return `${name}:${address.replace(/^\[(.*)\]$/, '$1')}`
}

/** What is wrong with `--dns`. */
export const checkDns = (text: string): string | undefined =>
  isAddress(text) ? undefined : `IP address is not correctly formatted: ${text}`

/** What is wrong with `--dns-search`; a dot alone means no search list. */
export function checkDomain(text: string): string | undefined {
  const name = text.trim()
  const label = '[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9_-]*[a-zA-Z0-9]'
  const known = name === '.' || new RegExp(`^(?:${label})(?:\\.(?:${label}))*\\.?$`).test(name)
  return known && name.length < 255 ? undefined : `${text} is not a valid domain`
}

/** A MAC address of six, eight or twenty bytes. */
export const isMac = (text: string): boolean =>
  /^([0-9a-f]{2}([:-])[0-9a-f]{2}(\2[0-9a-f]{2}){4}(\2[0-9a-f]{2}){0,2})$/i.test(text)

/** Whether an interface can have it: the kernel refuses addresses of groups, and none at all. */
export const isInterfaceMac = (mac: string): boolean =>
  Number.parseInt(mac.slice(0, 2), 16) % 2 === 0 && /[1-9a-f]/i.test(mac)

const SYSCTLS = new Set(
  'kernel.msgmax kernel.msgmnb kernel.msgmni kernel.sem kernel.shmall kernel.shmmax kernel.shmmni kernel.shm_rmid_forced'.split(
    ' ',
  ),
)

/** What is wrong with `--sysctl`: only what belongs to a container's own namespaces may be set. */
export function checkSysctl(text: string): string | undefined {
  const equals = text.indexOf('=')
  const name = text.slice(0, equals)
  const known = equals > 0 && (SYSCTLS.has(name) || /^(net|fs\.mqueue)\./.test(name))
  return known ? undefined : `sysctl '${text}' is not allowed`
}
