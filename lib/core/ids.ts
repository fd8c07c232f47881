import { isLowerHex } from './characters.ts'
import { LighterError } from './errors.ts'
import { randomHex } from './random.ts'

declare const brand: unique symbol
/** 64 lower-case hex digits. */
export type ContainerId = string & { readonly [brand]: 'ContainerId' }
/** `sha256:` and 64 lower-case hex digits. */
export type Digest = string & { readonly [brand]: 'Digest' }

const SHA256 = 'sha256:'

/** Parses a digest. Throws `bad-digest`. Only sha256 is used by registries in practice, and only it is accepted. */
export function parseDigest(text: string): Digest {
  if (!isDigest(text)) throw new LighterError('bad-digest', `Not a sha256 digest: "${text}"`)
  return text as Digest
}

export const isDigest = (text: string): text is Digest =>
  text.startsWith(SHA256) && isLowerHex(text.slice(SHA256.length), 64)

/** The hex part of a digest: safe as a file name. */
export const digestHex = (digest: Digest): string => digest.slice(SHA256.length)

export const newContainerId = (): ContainerId => randomHex(32) as ContainerId

/** The form in which `ps` shows ids, 12 digits. */
export const shortId = (id: string): string =>
  (id.startsWith(SHA256) ? id.slice(SHA256.length) : id).slice(0, 12)
