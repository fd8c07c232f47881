import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { LighterError } from '../core/errors.ts'
import { listNames } from '../fs/drafts.ts'
import { parseJson, readSmallText } from '../fs/read.ts'
import { makeDirectory, replaceFile } from '../fs/replace.ts'

/** Who builds where nothing else is said. */
export const DEFAULT_BUILDER = 'default'

/** Only they can be made: a builder is a name for what builds in this very session. */
const DRIVER = 'docker-container'

const MAX_RECORD = 256 * 1024

export interface BuilderNode {
  name: string
  endpoint: string
  /** What it was told to build for. */
  platforms: readonly string[]
  /** Flags for a daemon, as they were given: nothing reads them but `inspect`. */
  flags: string
  options: Readonly<Record<string, string>>
}

/**
 * A builder as scripts make, use and remove it. All of them are this program, with one cache: what a builder was told is kept to be
 * shown again.
 */
export interface Builder {
  name: string
  driver: string
  nodes: readonly BuilderNode[]
}

/** The builder that is always there. */
export const defaultBuilder: Builder = {
  name: DEFAULT_BUILDER,
  driver: 'docker',
  nodes: [
    { name: DEFAULT_BUILDER, endpoint: DEFAULT_BUILDER, platforms: [], flags: '', options: {} },
  ],
}

/** Checks the name of a builder and returns it in small letters. Throws `usage`. */
export function parseBuilderName(text: string): string {
  if (/^[a-zA-Z][a-zA-Z0-9._-]{0,127}$/.test(text)) return text.toLowerCase()
  throw new LighterError(
    'usage',
    `invalid name ${text}, name needs to start with a letter and may not contain symbols, except ._-`,
  )
}

/** Those that were made, by name; the one that is always there is none of them. */
export const listBuilders = (data: string): Builder[] =>
  listNames(directoryOf(data))
    .filter((name) => name.endsWith('.json'))
    .map((name) => readBuilder(data, name.slice(0, -'.json'.length)))
    .filter((builder) => builder !== undefined)
    .sort((a, b) => (a.name < b.name ? -1 : 1))

/** A builder by its name. Throws `usage` where there is none. */
export function findBuilder(data: string, name: string): Builder {
  const isName = /^[a-zA-Z][a-zA-Z0-9._-]*$/.test(name)
  const found = isName ? readBuilder(data, name.toLowerCase()) : undefined
  if (found) return found
  if (name === DEFAULT_BUILDER) return defaultBuilder
  throw new LighterError('usage', `no builder ${JSON.stringify(name)} found`)
}

/** The builder of this name, if it was made. */
export function readBuilder(data: string, name: string): Builder | undefined {
  const record = parseJson(readSmallText(recordPath(data, name), MAX_RECORD))
  const { version, driver, nodes } = (record ?? {}) as Partial<Builder & { version: number }>
  if (version !== 1 || typeof driver !== 'string' || !Array.isArray(nodes)) return undefined
  return { name, driver, nodes }
}

/** Keeps a builder, new or changed. */
export function saveBuilder(data: string, { name, driver, nodes }: Builder): void {
  makeDirectory(directoryOf(data))
  replaceFile(recordPath(data, name), `${JSON.stringify({ version: 1, driver, nodes })}\n`)
}

/** Forgets a builder; it is the current one no more. */
export function removeBuilder(data: string, name: string): void {
  rmSync(recordPath(data, name), { force: true })
  if (readCurrent(data) === name) useBuilder(data, DEFAULT_BUILDER)
}

/** The builder that `use` has chosen; the usual one where that is gone. */
export function currentBuilder(data: string): Builder {
  const name = readCurrent(data)
  return (name === undefined ? undefined : readBuilder(data, name)) ?? defaultBuilder
}

/** Has later commands use a builder. */
export function useBuilder(data: string, name: string): void {
  if (name === DEFAULT_BUILDER) {
    rmSync(currentPath(data), { force: true })
    return
  }
  makeDirectory(directoryOf(data))
  replaceFile(currentPath(data), `${JSON.stringify({ version: 1, name })}\n`)
}

/** The driver of a new builder; `''`: the usual one. Throws `usage` for one that nothing here can do. */
export function parseDriver(text: string): string {
  if (text === '' || text === DRIVER) return DRIVER
  if (text === 'docker') {
    throw new LighterError('usage', 'additional instances of driver "docker" cannot be created')
  }
  if (text === 'remote' || text === 'kubernetes') {
    throw new LighterError(
      'usage',
      `driver ${JSON.stringify(text)} is not supported: builds run in this very session`,
    )
  }
  throw new LighterError('usage', `failed to find driver ${JSON.stringify(text)}`)
}

function readCurrent(data: string): string | undefined {
  const record = parseJson(readSmallText(currentPath(data), MAX_RECORD))
  const { version, name } = (record ?? {}) as { version?: unknown; name?: unknown }
  return version === 1 && typeof name === 'string' ? name : undefined
}

const directoryOf = (data: string): string => join(data, 'builders')
const recordPath = (data: string, name: string): string => join(directoryOf(data), `${name}.json`)
const currentPath = (data: string): string => join(directoryOf(data), 'current')
