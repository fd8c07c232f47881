import { isInteger } from '../core/characters.ts'
import { LighterError } from '../core/errors.ts'
import { parseTruth } from '../core/truth.ts'
import { parseAddress } from './address.ts'
import { MTU } from './network.ts'

type Options = Readonly<Record<string, string>>

const DRIVER = 'com.docker.network.'

const OPTION = {
  mtu: `${DRIVER}driver.mtu`,
  bridge: `${DRIVER}bridge.name`,
  icc: `${DRIVER}bridge.enable_icc`,
  masquerade: `${DRIVER}bridge.enable_ip_masquerade`,
  inhibit: `${DRIVER}bridge.inhibit_ipv4`,
  binding: `${DRIVER}bridge.host_binding_ipv4`,
  prefix: `${DRIVER}container_iface_prefix`,
  gatewayMode4: `${DRIVER}bridge.gateway_mode_ipv4`,
  gatewayMode6: `${DRIVER}bridge.gateway_mode_ipv6`,
  default: `${DRIVER}bridge.default_bridge`,
} as const

/** Wishes that only root of the host could fulfil, by the one value that asks for nothing. */
const FIXED: readonly [string, string, string][] = [
  [
    OPTION.masquerade,
    'true',
    'what leaves a container of an unprivileged user always has the address of the host',
  ],
  [OPTION.inhibit, 'false', 'the bridge is the way out of its containers, and has an address'],
  [OPTION.gatewayMode4, 'nat', 'the host has no route to the containers of an unprivileged user'],
  [OPTION.gatewayMode6, 'nat', 'the host has no route to the containers of an unprivileged user'],
  [OPTION.default, 'false', 'there is one default network, and nobody makes it'],
]

const bad = (message: string): LighterError => new LighterError('bad-input', message)

/** Throws Docker's sentences for options of the driver that make no sense, and for those that nothing would come of. */
export function checkDriverOptions(options: Options): void {
  checkMtu(options[OPTION.mtu])
  checkBridge(options[OPTION.bridge])
  checkBinding(options[OPTION.binding])
  checkPrefix(options[OPTION.prefix])
  for (const key of [OPTION.icc, OPTION.masquerade, OPTION.inhibit, OPTION.default]) {
    const text = options[key]
    if (text !== undefined && parseTruth(text) === undefined) {
      throw unparsed(
        key,
        text,
        `strconv.ParseBool: parsing ${JSON.stringify(text)}: invalid syntax`,
      )
    }
  }
  for (const [key, only, reason] of FIXED) {
    const text = options[key]
    if (text === undefined || text === only || String(parseTruth(text)) === only) continue
    throw bad(`option ${key}=${text} is not supported: ${reason}`)
  }
  const known: readonly string[] = Object.values(OPTION)
  const unknown = Object.keys(options).find((key) => key.startsWith(DRIVER) && !known.includes(key))
  if (unknown !== undefined) {
    throw bad(
      `option ${unknown} is not supported: the driver bridge of an unprivileged user has no such option`,
    )
  }
}

const unparsed = (key: string, text: string, reason: string): LighterError =>
  bad(`failed to parse ${key} value: ${text} (${reason})`)

function checkMtu(mtu: string | undefined): void {
  if (mtu === undefined) return
  if (/^-0*[1-9]\d*$/.test(mtu)) throw bad(`invalid MTU number: ${mtu}`)
  if (!isInteger(mtu)) {
    const reason = `strconv.Atoi: parsing ${JSON.stringify(mtu)}: invalid syntax`
    throw unparsed(OPTION.mtu, mtu, reason)
  }
  // Zero stands for the usual one.
  if (Number(mtu) !== 0 && (Number(mtu) < 68 || Number(mtu) > 65535)) {
    throw bad(`invalid MTU: ${mtu}: a link takes 68 to 65535`)
  }
}

/** The links that are in the containers' shared namespace without any network. */
const FOREIGN_LINKS: ReadonlySet<string> = new Set(['lo', 'tap0'])

function checkBridge(bridge: string | undefined): void {
  if (bridge === undefined) return
  if (!/^[^/:\s]{1,15}$/.test(bridge)) {
    throw bad(`invalid bridge name: ${JSON.stringify(bridge)}: a link has at most 15 characters`)
  }
  if (FOREIGN_LINKS.has(bridge)) throw bad(`existing interface ${bridge} is not a bridge`)
  // The ends of the containers' links are called so, by their addresses.
  if (/^(v[0-9a-f]{8}|v6-.*)$/.test(bridge)) {
    throw bad(`invalid bridge name: ${JSON.stringify(bridge)}: links of containers have such names`)
  }
}

function checkBinding(text: string | undefined): void {
  if (text !== undefined && !parseAddress(text)) throw unparsed(OPTION.binding, text, 'nil ip')
}

/** A number comes after it, and a link has 15 characters at most. */
function checkPrefix(text: string | undefined): void {
  if (text !== undefined && !/^[^/:\s]{0,12}$/.test(text)) {
    throw bad(`invalid interface prefix: ${JSON.stringify(text)}: a link has at most 15 characters`)
  }
}

/** The largest packet of a network's links. */
export const mtuOf = (options: Options): number => Number(options[OPTION.mtu] ?? MTU) || MTU

/** The name that a network's bridge was wished to have. */
export const wishedBridge = (options: Options): string | undefined => options[OPTION.bridge]

/** Whether the containers of a network do not reach each other. */
export const isIsolated = (options: Options): boolean =>
  parseTruth(options[OPTION.icc] ?? 'true') === false

/** What the container's interface is called, without its number. */
export const interfacePrefix = (options: Options): string => options[OPTION.prefix] || 'eth'

/** The address of the host that ports are published on where none is named; `undefined`: all. */
export function bindingAddress(options: Options): string | undefined {
  const text = options[OPTION.binding]
  return text === '0.0.0.0' ? undefined : text
}
