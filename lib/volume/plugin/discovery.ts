import { readFileSync, statSync } from 'node:fs'
import { basename, isAbsolute, join } from 'node:path'
import { LighterError } from '../../core/errors.ts'
import { listNames } from '../../fs/drafts.ts'
import type { PluginPlaces } from '../../host/paths.ts'

/** How a plugin is reached. */
export interface Plugin {
  name: string
  /** Absolute path of a socket. */
  socket?: string
  /** Of a specification with `tcp://` or `http(s)://`. */
  url?: string
  tls?: { insecure: boolean; ca: string; cert: string; key: string }
}

const SPEC = /\.(spec|json)$/

/** Every plugin that a file stands for, by name; a broken specification counts too: whoever asks for it hears why. */
export function listPlugins(places: PluginPlaces): string[] {
  const named = [
    ...places.sockets.flatMap((place) => namesIn(place, /\.sock$/)),
    ...places.specs.flatMap((place) => namesIn(place, SPEC)),
  ]
  return [...new Set(named)].sort()
}

/** `NAME.sock`, or `NAME/NAME.sock`. */
const namesIn = (place: string, end: RegExp): string[] =>
  listNames(place).flatMap((entry) => {
    if (end.test(entry)) return [entry.replace(end, '')]
    const inner = listNames(join(place, entry))
    return inner.some((name) => end.test(name) && name.replace(end, '') === entry) ? [entry] : []
  })

/** Finds a plugin by its name, sockets first. Throws `plugin`. */
export function findPlugin(places: PluginPlaces, name: string): Plugin {
  const missing = new LighterError('no-such-plugin', `plugin ${JSON.stringify(name)} not found`)
  if (name === '' || name === '.' || name !== basename(name) || name.includes('\0')) throw missing
  const around = (place: string): string[] => [place, join(place, name)]
  for (const place of places.sockets.flatMap(around)) {
    const socket = join(place, `${name}.sock`)
    if (statSync(socket, { throwIfNoEntry: false })?.isSocket()) return { name, socket }
  }
  for (const place of places.specs.flatMap(around)) {
    for (const ending of ['spec', 'json']) {
      const path = join(place, `${name}.${ending}`)
      const text = readSpec(path)
      if (text === undefined) continue
      return ending === 'json' ? parseDocument(name, path, text) : parseAddress(name, path, text)
    }
  }
  throw missing
}

const MAX_SPEC = 64 * 1024

function readSpec(path: string): string | undefined {
  const file = statSync(path, { throwIfNoEntry: false })
  return file?.isFile() && file.size <= MAX_SPEC ? readFileSync(path, 'utf8') : undefined
}

function parseAddress(name: string, path: string, text: string): Plugin {
  const address = text.trim()
  if (address.startsWith('unix://') && isAbsolute(address.slice(7)))
    return { name, socket: address.slice(7) }
  if (/^(tcp|http|https):\/\/[^/]/.test(address) && URL.canParse(address))
    return { name, url: address.replace(/^tcp:/, 'http:') }
  throw new LighterError('plugin', `${path}: no address of a plugin: ${JSON.stringify(address)}`)
}

function parseDocument(name: string, path: string, text: string): Plugin {
  let document: { Addr?: unknown; TLSConfig?: Record<string, unknown> } | null
  try {
    document = JSON.parse(text)
  } catch {
    throw new LighterError('plugin', `${path} is no JSON`)
  }
  const plugin = parseAddress(name, path, String(document?.Addr ?? ''))
  const tls = document?.TLSConfig
  if (!tls || !plugin.url) return plugin
  const file = (key: string): string => (typeof tls[key] === 'string' ? tls[key] : '')
  return {
    name,
    url: plugin.url.replace(/^http:/, 'https:'),
    tls: {
      insecure: tls.InsecureSkipVerify === true,
      ca: file('CAFile'),
      cert: file('CertFile'),
      key: file('KeyFile'),
    },
  }
}
