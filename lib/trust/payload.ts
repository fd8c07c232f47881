import { isJsonObject, JsonError, parseStrictJson, readMembers, readText } from './strict-json.ts'

/** What a signature says: which manifest, under which name. */
export interface SignedClaim {
  /** Algorithm and hex digits. */
  digest: string
  /** The name of the image, as the signer wrote it. */
  reference: string
}

/** Of containers-signature(5), and of cosign; both have the same members. */
export type PayloadType = 'atomic container signature' | 'cosign container image signature'

/**
 * Reads what was signed, once it is known who signed it. What is not known must not be there, except under `optional`. Throws
 * `JsonError`.
 */
export function parsePayload(bytes: Uint8Array, type: PayloadType): SignedClaim {
  const text = Buffer.from(bytes).toString('utf8')
  const document = readMembers(parseStrictJson(text), 'the signature', ['critical', 'optional'])
  const members = ['type', 'image', 'identity']
  const critical = readMembers(document.critical, '"critical"', members)
  if (critical.type !== type) {
    throw new JsonError(`it is of the type ${JSON.stringify(critical.type)}`)
  }
  checkOptional(document.optional, type)
  const image = readMembers(critical.image, '"image"', ['docker-manifest-digest'])
  const identity = readMembers(critical.identity, '"identity"', ['docker-reference'])
  return {
    digest: readText(image['docker-manifest-digest'], '"docker-manifest-digest"'),
    reference: readText(identity['docker-reference'], '"docker-reference"'),
  }
}

/** Cosign writes `null` where there is nothing to say. */
function checkOptional(value: unknown, type: PayloadType): void {
  if (value === null && type === 'cosign container image signature') return
  if (!isJsonObject(value)) throw new JsonError('"optional" must be an object')
  const { creator, timestamp } = value
  if (creator !== undefined && typeof creator !== 'string') {
    throw new JsonError('"creator" must be a text')
  }
  if (timestamp !== undefined && !Number.isInteger(timestamp)) {
    throw new JsonError('"timestamp" must be a whole number')
  }
}
