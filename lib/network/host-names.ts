import { isAddress } from './address.ts'

/** What is wrong with `--add-host`. */
export function checkExtraHost(text: string): string | undefined {
  const [, name, address = ''] = /^([^:=]+)[:=](.+)$/s.exec(text) ?? []
  if (name === undefined) return `bad format for add-host: ${JSON.stringify(text)}`
  const plain = address.replace(/^\[(.*)\]$/, '$1')
  if (plain === 'host-gateway' || isAddress(plain)) return undefined
  return `invalid IP address in add-host: ${JSON.stringify(address)}`
}

/** `name:address` of a checked `--add-host`. */
export function normalizeExtraHost(text: string): string {
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
