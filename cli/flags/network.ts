import type { NetworkWish } from '../../lib/container/connections.ts'
import { isInteger } from '../../lib/core/characters.ts'
import { splitCsv } from '../../lib/core/csv.ts'
import { badValue } from './checked.ts'

/** Parses `--network`. Throws `usage` with Docker's sentences. */
export function parseNetworkFlag(text: string): NetworkWish {
  const flag: NetworkWish = {
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
