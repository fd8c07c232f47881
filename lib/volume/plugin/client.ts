import { readFileSync } from 'node:fs'
import type { IncomingMessage, RequestOptions } from 'node:http'
import { LighterError } from '../../core/errors.ts'
import type { Plugin } from './discovery.ts'

/** What a plugin may say at most. */
const MAX_ANSWER = 4 * 1024 * 1024

const ACCEPT = 'application/vnd.docker.plugins.v1.1+json'

/** Seconds that a plugin has for an answer. */
export function pluginTimeLimit(): number {
  const wished = Number(process.env.LIGHTER_PLUGIN_TIMEOUT)
  return wished > 0 && wished <= 3600 ? wished : 30
}

/**
 * Calls a plugin: JSON there and back. Throws `plugin-refused` with what it says, and `method` in front as Docker has it, or `plugin` with
 * why it says nothing. Nothing that comes back is known to have any shape.
 */
export async function callPlugin(
  plugin: Plugin,
  method: string,
  body: Readonly<Record<string, unknown>> = {},
): Promise<Record<string, unknown>> {
  const { status, text } = await post(plugin, method, JSON.stringify(body))
  const document = parseObject(text)
  const said = document?.Err
  if (typeof said === 'string' && said !== '') throw refusal(method, said)
  if (status === 404) throw refusal(method, 'the plugin does not know this call')
  if (status !== 200) throw refusal(method, text.trim().slice(0, 1000) || `HTTP status ${status}`)
  if (!document)
    throw new LighterError('plugin', `${method}: the answer of the plugin is no JSON object`)
  return document
}

const refusal = (method: string, reason: string): LighterError =>
  new LighterError('plugin-refused', `${method}: ${printable(reason)}`)

/** A plugin does not write to the terminal. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is taken out
const printable = (text: string): string => text.replace(/[\x00-\x08\x0b-\x1f\x7f]/g, '?')

/** Of an answer; `undefined` for anything but an object. */
function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined
  } catch {
    return undefined
  }
}

interface Answer {
  status: number
  text: string
}

function post(plugin: Plugin, method: string, body: string): Promise<Answer> {
  const { promise, resolve, reject } = Promise.withResolvers<Answer>()
  const https = plugin.url?.startsWith('https:')
  const { request } = https
    ? process.getBuiltinModule('node:https')
    : process.getBuiltinModule('node:http')
  const limit = AbortSignal.timeout(pluginTimeLimit() * 1000)
  const call = request({ ...target(plugin, method), signal: limit }, (response) => {
    collect(response).then(resolve, fail)
  })
  const fail = (error: unknown): void => {
    call.destroy()
    const reason = limit.aborted ? 'context deadline exceeded' : transportReason(plugin, error)
    const place = `http://plugin.moby.localhost/${method}`
    reject(new LighterError('plugin', `Post "${place}": ${reason}`, { cause: error }))
  }
  call.on('error', fail)
  call.end(body)
  return promise
}

function target({ socket, url, tls }: Plugin, method: string): RequestOptions {
  const common = { method: 'POST', headers: { Accept: ACCEPT }, agent: false }
  if (socket !== undefined) {
    return { ...common, socketPath: socket, path: `/${method}`, host: 'plugin.moby.localhost' }
  }
  const { hostname, port, pathname } = new URL(url ?? '')
  const place = { ...common, hostname, port, path: `${pathname.replace(/\/$/, '')}/${method}` }
  return tls ? { ...place, ...secrets(tls) } : place
}

function secrets({ insecure, ca, cert, key }: NonNullable<Plugin['tls']>): object {
  const file = (path: string): Buffer | undefined => (path === '' ? undefined : readFileSync(path))
  return { rejectUnauthorized: !insecure, ca: file(ca), cert: file(cert), key: file(key) }
}

async function collect(response: IncomingMessage): Promise<Answer> {
  const parts: Buffer[] = []
  let size = 0
  for await (const part of response) {
    size += part.length
    if (size > MAX_ANSWER) throw new Error('the answer is too long')
    parts.push(part)
  }
  return { status: response.statusCode ?? 0, text: Buffer.concat(parts).toString('utf8') }
}

const REASONS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused',
  ENOENT: 'no such file or directory',
  EACCES: 'permission denied',
}

function transportReason({ socket, url }: Plugin, error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException
  const reason = code === undefined ? undefined : REASONS[code]
  const way = socket === undefined ? `dial tcp ${new URL(url ?? '').host}` : `dial unix ${socket}`
  if (reason !== undefined) return `${way}: connect: ${reason}`
  return code === 'ECONNRESET' ? 'EOF' : message
}
