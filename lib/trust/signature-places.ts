import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { LighterError } from '../core/errors.ts'
import { lazyOs } from '../core/lazy.ts'
import { listNames } from '../fs/drafts.ts'
import { readSmallText } from '../fs/read.ts'
import type { Origin } from './scopes.ts'
import { isJsonObject, type JsonObject } from './strict-json.ts'

/** Where signatures of images from a registry are kept. */
export interface SignaturePlace {
  /** `file://`, `http://` or `https://`; what belongs to a repository is below it. */
  lookaside: URL
  /** Whether the registry has them too, as tags beside the image. */
  attachments: boolean
}

const MAX_FILE = 1024 * 1024

interface Section {
  lookaside: string | undefined
  attachments: boolean | undefined
}

interface Sections {
  standard?: Section
  scopes: Map<string, Section>
}

/**
 * What containers-registries.d(5) says of an image's origin: the user's directory takes the place of the machine's. `config` is
 * lighter's config.json. Throws `host-setup`.
 */
export async function findSignaturePlace(
  config: string,
  { scopes }: Origin,
): Promise<SignaturePlace> {
  const sections = await readSections(config)
  const fitting = [
    // A pattern of domains is for policies alone.
    ...scopes.flatMap((scope) => sections.scopes.get(scope) ?? []),
    ...(sections.standard ? [sections.standard] : []),
  ]
  const text = fitting.find(({ lookaside }) => lookaside !== undefined)?.lookaside
  const { attachments = false } = fitting.find((section) => section.attachments !== undefined) ?? {}
  return { lookaside: text === undefined ? usualPlace() : parseUrl(text), attachments }
}

/** Where tools that sign put signatures when nothing is said of it. */
function usualPlace(): URL {
  const { uid, homedir } = lazyOs().userInfo()
  const directory =
    uid === 0
      ? '/var/lib/containers/sigstore'
      : join(process.env.HOME || homedir, '.local/share/containers/sigstore')
  return pathToFileURL(directory)
}

function parseUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined
  const isFile = url?.protocol === 'file:' && url.host === ''
  if (url && (isFile || /^https?:$/.test(url.protocol))) return url
  throw new LighterError('host-setup', `registries.d: "${text}" is no place for signatures`)
}

async function readSections(config: string): Promise<Sections> {
  const own = join(dirname(dirname(config)), 'containers/registries.d')
  const directory = existsSync(own) ? own : '/etc/containers/registries.d'
  const sections: Sections = { scopes: new Map() }
  for (const name of listNames(directory).sort()) {
    if (name.endsWith('.yaml')) await addFile(sections, join(directory, name))
  }
  return sections
}

async function addFile(sections: Sections, path: string): Promise<void> {
  const document = await readYaml(path)
  const standard = document['default-docker']
  if (standard !== undefined && standard !== null) {
    if (sections.standard) throw wrong(path, '"default-docker" is said twice')
    sections.standard = readSection(standard, path)
  }
  const docker = document.docker ?? {}
  if (!isJsonObject(docker)) throw wrong(path, '"docker" is no mapping')
  for (const [scope, section] of Object.entries(docker)) {
    if (sections.scopes.has(scope)) throw wrong(path, `"${scope}" is said twice`)
    sections.scopes.set(scope, readSection(section ?? {}, path))
  }
}

async function readYaml(path: string): Promise<JsonObject> {
  const text = readSmallText(path, MAX_FILE) ?? ''
  const { parse } = await import('yaml')
  let document: unknown
  try {
    document = parse(text) ?? {}
  } catch (error) {
    throw wrong(path, (error as Error).message.split('\n')[0] ?? '')
  }
  if (isJsonObject(document)) return document
  throw wrong(path, 'it is no mapping')
}

/** `sigstore` is what `lookaside` was called once. */
function readSection(value: unknown, path: string): Section {
  if (!isJsonObject(value)) throw wrong(path, 'a section is no mapping')
  const lookaside = value.lookaside || value.sigstore
  const attachments = value['use-sigstore-attachments'] ?? undefined
  if (lookaside && typeof lookaside !== 'string') throw wrong(path, '"lookaside" is no text')
  if (attachments !== undefined && typeof attachments !== 'boolean') {
    throw wrong(path, '"use-sigstore-attachments" is neither true nor false')
  }
  return { lookaside: lookaside ? String(lookaside) : undefined, attachments }
}

const wrong = (path: string, what: string): LighterError =>
  new LighterError('host-setup', `${path}: ${what}`)
