import { rmSync, statSync, utimesSync } from 'node:fs'
import { join } from 'node:path'
import type { Digest } from '../../core/ids.ts'
import { lazyCrypto } from '../../core/lazy.ts'
import { listNames } from '../../fs/drafts.ts'
import { readSmallText } from '../../fs/read.ts'
import { makeDirectory, replaceFile } from '../../fs/replace.ts'
import type { Selection } from '../files.ts'

/** Digests that are remembered; the ones that were used last stay. */
const MOST = 4096
const LENGTH = 'sha256:'.length + 64
const DIGEST = /^sha256:[0-9a-f]{64}$/

const folder = (data: string): string => join(data, 'cache/selections')

/** Stands for what is selected of layers. */
export function selectionKey(layers: readonly Digest[], selection: Selection): string {
  const { patterns, exclude, parents } = selection
  const text = JSON.stringify([layers, patterns, exclude, parents])
  return lazyCrypto().createHash('sha256').update(text).digest('hex')
}

/** The digest of what was selected of layers in an earlier build: layers never change. */
export function recallDigest(data: string, key: string): string | undefined {
  const path = join(folder(data), key)
  try {
    const text = readSmallText(path, LENGTH)
    if (text === undefined || !DIGEST.test(text)) return undefined
    utimesSync(path, new Date(), new Date())
    return text
  } catch {
    // Torn, or removed meanwhile: it is found anew.
    return undefined
  }
}

/** Where nothing can be written it is found anew each time. */
export function rememberDigest(data: string, key: string, digest: string): void {
  try {
    makeDirectory(folder(data))
    replaceFile(join(folder(data), key), digest)
    const names = listNames(folder(data))
    if (names.length > MOST) forget(data, names)
  } catch {
    // A full disk, for example.
  }
}

/** Those that were not used for the longest time, so many that it does not have to be done again soon. */
function forget(data: string, names: readonly string[]): void {
  const used = names.map((name) => {
    const path = join(folder(data), name)
    return { path, at: statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0 }
  })
  used.sort((one, other) => other.at - one.at)
  for (const { path } of used.slice(MOST / 2)) rmSync(path, { force: true })
}
