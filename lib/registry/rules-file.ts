import { existsSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { LighterError } from '../core/errors.ts'
import { listNames } from '../fs/drafts.ts'
import { parseJson, readSmallText } from '../fs/read.ts'
import type { Mirror, Rule, Rules } from './rules.ts'

const MAX_FILE = 1024 * 1024

type Json = Readonly<Record<string, unknown>>

/**
 * The rules of containers-registries.conf(5), then `insecure-registries` and `registry-mirrors` of lighter's own config.json, named
 * as in Docker's daemon.json. Throws `host-setup` for a file that says something else.
 */
export async function readRules(config: string): Promise<Rules> {
  const rules: Rule[] = []
  for (const path of containersFiles()) rules.push(...(await readContainersFile(path)))
  const document = parseJson(readSmallText(config, MAX_FILE))
  if (!isObject(document)) return { rules, insecure: [] }
  const texts = (key: string): string[] => readTexts(document[key], `${config}: "${key}"`)
  const mirrors = texts('registry-mirrors').map((address) => readAddress(address, config))
  if (mirrors.length > 0) {
    rules.push({ prefix: 'docker.io', insecure: false, blocked: false, mirrors, source: config })
  }
  return { rules, insecure: texts('insecure-registries') }
}

function readAddress(address: string, path: string): Mirror {
  const [, scheme, location = ''] = /^(https?):\/\/(.+?)\/*$/.exec(address) ?? []
  if (location === '') throw wrong(`${path}: "registry-mirrors"`, 'addresses of http or https')
  return { location, insecure: scheme === 'http', serves: 'all' }
}

/** The user's file takes the place of the machine's and of what lies beside that in `.d`; what is in the user's `.d` adds to both. */
function containersFiles(): string[] {
  const { CONTAINERS_REGISTRIES_CONF: chosen, XDG_CONFIG_HOME } = process.env
  const own = join(XDG_CONFIG_HOME || join(homedir(), '.config'), 'containers/registries.conf')
  const machine = '/etc/containers/registries.conf'
  const hasOwn = !chosen && existsSync(own)
  return [
    chosen ?? (hasOwn ? own : machine),
    ...(hasOwn ? [] : listDropIns(`${machine}.d`)),
    ...listDropIns(`${own}.d`),
  ]
}

const listDropIns = (directory: string): string[] =>
  listNames(directory)
    .filter((name) => name.endsWith('.conf'))
    .sort()
    .map((name) => join(directory, name))

async function readContainersFile(path: string): Promise<Rule[]> {
  const text = readSmallText(path, MAX_FILE)
  if (text === undefined || !/^\s*\[\[?\s*"?registry/m.test(text)) return []
  const { parse } = await import('smol-toml')
  let document: Json
  try {
    document = parse(text) as Json
  } catch (error) {
    const [reason = ''] = (error instanceof Error ? error.message : String(error)).split('\n')
    throw new LighterError('host-setup', `${path}: ${reason}`, { cause: error })
  }
  const list = document.registry
  if (!Array.isArray(list)) return []
  return list.filter(isObject).map((entry) => readRule(entry, path))
}

function readRule(entry: Json, path: string): Rule {
  const location = readText(entry.location)
  const prefix = readText(entry.prefix) || location
  if (prefix === '') throw wrong(`${path}: a registry's "location"`, 'set, or its "prefix"')
  const digestOnly = entry['mirror-by-digest-only'] === true
  const mirrors = Array.isArray(entry.mirror) ? entry.mirror.filter(isObject) : []
  return {
    prefix,
    ...(location === '' ? {} : { location }),
    insecure: entry.insecure === true,
    blocked: entry.blocked === true,
    mirrors: mirrors.map((mirror) => readMirror(mirror, digestOnly, path)),
    source: path,
  }
}

function readMirror(entry: Json, digestOnly: boolean, path: string): Mirror {
  const location = readText(entry.location)
  if (location === '') throw wrong(`${path}: a mirror's "location"`, 'set')
  const serves = readText(entry['pull-from-mirror']) || (digestOnly ? 'digest-only' : 'all')
  if (serves !== 'all' && serves !== 'digest-only' && serves !== 'tag-only') {
    throw wrong(`${path}: "pull-from-mirror"`, '"all", "digest-only" or "tag-only"')
  }
  return { location, insecure: entry.insecure === true, serves }
}

const readText = (value: unknown): string =>
  typeof value === 'string' ? value.replace(/\/+$/, '') : ''

function readTexts(value: unknown, name: string): string[] {
  if (value === undefined) return []
  if (Array.isArray(value) && value.every((entry) => typeof entry === 'string')) return value
  throw wrong(name, 'a list of texts')
}

const wrong = (name: string, what: string): LighterError =>
  new LighterError('host-setup', `${name} must be ${what}`)

const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
