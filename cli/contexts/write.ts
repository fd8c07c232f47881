import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { LighterError } from '../../lib/core/errors.ts'
import { encodeForHtml } from '../../lib/format/json.ts'
import { quote } from '../../lib/format/quote.ts'
import { makeDirectory, replaceFile, spaceError } from '../../lib/fs/replace.ts'
import type { HostPaths } from '../../lib/host/paths.ts'
import { DEFAULT, hasContext, idOf, META_FILE, placesOf } from './store.ts'
import type { TlsFiles } from './tls.ts'

/** What a context consists of beside its name. `undefined` where an archive said nothing of it: nothing is kept of it then. */
export interface ContextContent {
  metadata: unknown
  endpoints: Readonly<Record<string, unknown>> | undefined
  /** By the name of the endpoint. */
  tls: ReadonlyMap<string, TlsFiles>
}

const NAME = /^[a-zA-Z0-9][a-zA-Z0-9_.+-]+$/

/** Throws `usage` for what can be no context of the user's own. */
export function checkName(name: string): void {
  if (name === '') throw refused('context name cannot be empty')
  if (name === DEFAULT) throw refused('"default" is a reserved context name')
  if (NAME.test(name) && !name.endsWith('\n')) return
  throw refused(
    `context name ${quote(name)} is invalid, names are validated against regexp "${NAME.source}"`,
  )
}

/** Throws `usage` for a name that no new context can have. */
export function checkNewName(paths: HostPaths, name: string): void {
  checkName(name)
  if (hasContext(paths, name)) throw refused(`context ${quote(name)} already exists`)
}

const refused = (message: string): LighterError => new LighterError('usage', message)

/** The text of `meta.json`, as Docker's client writes it. */
export function metaText(name: string, { metadata, endpoints }: ContextContent): string {
  const members = [
    `"Name":${encodeForHtml(name)}`,
    metadata === undefined || metadata === null ? '' : `"Metadata":${encodeForHtml(metadata)}`,
    Object.keys(endpoints ?? {}).length === 0 ? '' : `"Endpoints":${encodeForHtml(endpoints)}`,
  ]
  return `{${members.filter((member) => member !== '').join(',')}}`
}

/** Keeps what a context is now, where Docker's client keeps it. Certificates come before what names them. */
export function writeContext(paths: HostPaths, name: string, content: ContextContent): void {
  const { meta, tls } = placesOf(paths, idOf(name))
  try {
    mkdirSync(meta, { recursive: true, mode: 0o755 })
  } catch (error) {
    throw spaceError(error, meta)
  }
  for (const [endpoint, files] of content.tls) writeTls(join(tls, endpoint), files)
  replaceFile(join(meta, META_FILE), metaText(name, content), false, 0o644)
}

/** The endpoint has these files then, and no other. */
function writeTls(directory: string, files: TlsFiles): void {
  rmSync(directory, { recursive: true, force: true })
  for (const [file, bytes] of files) {
    makeDirectory(directory)
    replaceFile(join(directory, file), bytes)
  }
}

/** Removes all that is kept of a context, which need not be there. */
export function removeContext(paths: HostPaths, name: string): void {
  const { meta, tls } = placesOf(paths, idOf(name))
  rmSync(meta, { recursive: true, force: true })
  rmSync(tls, { recursive: true, force: true })
}
