import { existsSync, lstatSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { LighterError } from '../../core/errors.ts'
import { listNames } from '../../fs/drafts.ts'
import { parseJson, readSmallFile } from '../../fs/read.ts'
import { originsOfImage } from '../../image/origin.ts'
import { parseManifest } from '../../oci/image.ts'
import {
  deriveIndex,
  findInIndex,
  isIndexCurrent,
  listReferences,
  MAX_REFERENCE,
  readReference,
  writeReference,
} from '../../store/references.ts'
import { peekBlobAnywhere } from '../../store/shared.ts'
import { type Check, guard, persists, reasonOf } from './finding.ts'

/** Records of names that say nothing: a power cut tore them. With `repair` they are written anew from index.json, or go. */
export async function checkReferences(check: Check): Promise<void> {
  const { data } = check.engine.paths
  for (const name of listNames(join(data, 'refs'))) {
    if (!name.endsWith('.json')) continue
    const id = decode(name.replace(/\.json$/, ''))
    await guard(check, { kind: 'reference', id }, () => checkReference(check, name, id))
  }
  // What index.json should say is not known.
  if (hasUnreadableReferences(check)) return
  await guard(check, { kind: 'index', id: 'index.json' }, () => checkIndex(check))
}

/** Whether there are records of which nobody knows what they refer to. */
export function hasUnreadableReferences({ engine }: Check): boolean {
  let found = false
  listReferences(engine.paths.data, (_name, error) => {
    reasonOf(error)
    found = true
  })
  return found
}

async function checkReference(check: Check, name: string, id: string): Promise<void> {
  const { data } = check.engine.paths
  const path = join(data, 'refs', name)
  // Whatever is there: a link may lead nowhere.
  const isThere = () => lstatSync(path, { throwIfNoEntry: false }) !== undefined
  if (!(await persists(() => isThere() && !isReference(data, name)))) return
  const restored = check.repair && restore(check, path, name)
  if (check.repair && !restored) rmSync(path, { force: true, recursive: true })
  check.report({
    kind: 'reference',
    id,
    outcome: check.repair ? 'mended' : 'damaged',
    problem: 'its record is damaged',
    advice: restored
      ? 'written anew from index.json'
      : check.repair
        ? 'removed: the next pull makes it anew'
        : '--repair writes it anew from index.json, or removes it',
  })
}

/** Writes a record anew from what index.json says: an image that was built or loaded here has no other way back. */
function restore({ engine }: Check, path: string, file: string): boolean {
  const { data } = engine.paths
  const known = findInIndex(data, file)
  const bytes =
    known && peekBlobAnywhere(engine.stores, known.descriptor.digest, known.descriptor.size)
  if (!bytes) return false
  try {
    const manifest = parseManifest(bytes, known.descriptor.mediaType)
    if (manifest.kind !== 'image') return false
    const createdAt = new Date().toISOString()
    const imageId = manifest.config.digest
    // A name that was given to a pulled image stays one of a pulled image, for the signature policy.
    const origins = originsOfImage(engine.stores, imageId)
    const pulledAs = origins.length > 0 ? { pulledAs: origins } : {}
    if (!isFile(path)) rmSync(path, { recursive: true })
    writeReference(data, { ...known, imageId, ...pulledAs, createdAt })
    return true
  } catch (error) {
    if (error instanceof LighterError) return false
    throw error
  }
}

/** Throws where it cannot be read; what is no file, or much too large, says nothing. */
function isReference(data: string, file: string): boolean {
  const path = join(data, 'refs', file)
  if (!isFile(path) || statSync(path).size > MAX_REFERENCE) return false
  const record = parseJson(readSmallFile(path, MAX_REFERENCE))
  const reference = (record as { reference?: unknown } | null | undefined)?.reference
  return typeof reference === 'string' && readReference(data, reference) !== undefined
}

const isFile = (path: string): boolean =>
  statSync(path, { throwIfNoEntry: false })?.isFile() === true

function decode(name: string): string {
  try {
    return decodeURIComponent(name)
  } catch {
    return name
  }
}

async function checkIndex(check: Check): Promise<void> {
  const { data } = check.engine.paths
  // Before the first image there is no layout.
  if (!existsSync(join(data, 'refs'))) return
  const path = join(data, 'index.json')
  const isWrong = () => !existsSync(join(data, 'oci-layout')) || !isIndexCurrent(data)
  if (!(await persists(isWrong))) return
  if (check.repair) {
    // No file takes the place of a directory.
    if (!isFile(path)) rmSync(path, { recursive: true, force: true })
    deriveIndex(data)
  }
  check.report({
    kind: 'index',
    id: 'index.json',
    outcome: check.repair ? 'mended' : 'damaged',
    problem: 'it does not say what the references say',
    advice: check.repair ? 'written anew' : '--repair writes it anew',
  })
}
