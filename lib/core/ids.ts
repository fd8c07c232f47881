import { LighterError } from './errors.ts'
import { randomHex } from './random.ts'

declare const brand: unique symbol
/** 64 lower-case hex digits. */
export type ContainerId = string & { readonly [brand]: 'ContainerId' }
/** `sha256:` and 64 lower-case hex digits. */
export type Digest = string & { readonly [brand]: 'Digest' }

const DIGEST = /^sha256:[0-9a-f]{64}$/

/** Parses a digest. Throws `bad-digest`. Only sha256 is used by registries in practice, and only it is accepted. */
export function parseDigest(text: string): Digest {
  if (!DIGEST.test(text)) throw new LighterError('bad-digest', `Not a sha256 digest: "${text}"`)
  return text as Digest
}

export const isDigest = (text: string): text is Digest => DIGEST.test(text)

/** The hex part of a digest: safe as a file name. */
export const digestHex = (digest: Digest): string => digest.slice('sha256:'.length)

export const newContainerId = (): ContainerId => randomHex(32) as ContainerId

/** The form in which `ps` shows ids, 12 digits. */
export const shortId = (id: string): string => id.replace(/^sha256:/, '').slice(0, 12)
