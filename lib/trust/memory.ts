import { rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { lazyCrypto } from '../core/lazy.ts'
import { listNames } from '../fs/drafts.ts'
import { parseJson, readSmallFile } from '../fs/read.ts'
import { makeDirectory, replaceFile } from '../fs/replace.ts'
import { formatReference } from '../oci/reference.ts'
import { readReference } from '../store/references.ts'
import { readKeys } from './keys.ts'
import type { Requirement } from './requirement.ts'
import { isJsonObject } from './strict-json.ts'
import { asksForSignature, type SignedImage } from './verdict.ts'

const MAX_RECORD = 16 * 1024
const DAY = 24 * 60 * 60 * 1000

/** What was verified once, so that a container needs no network; for one manifest, one name, one set of rules and keys. */
interface Memory {
  reference: string
  digest: string
  rules: string
  until?: number
}

/** Stands for requirements and for what is in their key files now: another one, when either has changed. Throws `host-setup`. */
export function rulesKey(requirements: readonly Requirement[]): string {
  const hash = lazyCrypto().createHash('sha256')
  for (const requirement of requirements) {
    hash.update(`${JSON.stringify(requirement)}\n`)
    const files = asksForSignature(requirement) ? readKeys(requirement.keys) : []
    for (const bytes of files) hash.update(`${bytes.length}\n`).update(bytes)
  }
  return hash.digest('hex')
}

/** Whether the image is known to have met these rules, and still meets them. */
export function isRemembered(data: string, image: SignedImage, rules: string): boolean {
  const memory = readMemory(memoryPath(data, formatReference(image.reference)))
  return (
    memory?.reference === formatReference(image.reference) &&
    memory.digest === image.digest &&
    memory.rules === rules &&
    (memory.until === undefined || memory.until > Date.now())
  )
}

/** Keeps what has just been verified, and forgets what no image of the store needs. */
export function remember(
  data: string,
  { reference, digest }: SignedImage,
  rules: string,
  until: number | undefined,
): void {
  const directory = join(data, 'trust')
  makeDirectory(directory)
  for (const name of listNames(directory)) {
    const path = join(directory, name)
    const known = name.endsWith('.json') && readMemory(path)
    // A pull names its image after what it has verified; and others may have an image's only name.
    const isOld = (statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0) < Date.now() - DAY
    if (known && isOld && !readReference(data, known.reference)) rmSync(path, { force: true })
  }
  const name = formatReference(reference)
  const memory: Memory = {
    reference: name,
    digest,
    rules,
    ...(until === undefined ? {} : { until }),
  }
  replaceFile(memoryPath(data, name), `${JSON.stringify({ version: 1, ...memory })}\n`)
}

const memoryPath = (data: string, name: string): string =>
  join(data, 'trust', `${lazyCrypto().createHash('sha256').update(name).digest('hex')}.json`)

/** What cannot be read is not known. */
function readMemory(path: string): Memory | undefined {
  const { size = 0 } = statSync(path, { throwIfNoEntry: false }) ?? {}
  const value = size > MAX_RECORD ? undefined : parseJson(readSmallFile(path, MAX_RECORD))
  if (!isJsonObject(value) || value.version !== 1) return undefined
  const { reference, digest, rules, until } = value
  const isWhole = [reference, digest, rules].every((text) => typeof text === 'string')
  if (!isWhole || (until !== undefined && typeof until !== 'number')) return undefined
  return value as unknown as Memory
}
