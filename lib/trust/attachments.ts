import { LighterError } from '../core/errors.ts'
import { type Digest, digestHex } from '../core/ids.ts'
import { lazyCrypto } from '../core/lazy.ts'
import { parseJson } from '../fs/read.ts'
import { parseDescriptor } from '../oci/image.ts'
import type { Repository } from '../registry/registry.ts'
import { isJsonObject } from './strict-json.ts'

/** A sigstore signature as the registry has it: who looks at it decides whether it is one. */
export interface Attachment {
  payload: Buffer
  /** In base64. */
  signature: string
}

const PAYLOAD = 'application/vnd.dev.cosign.simplesigning.v1+json'
const SIGNATURE = 'dev.cosignproject.cosign/signature'
const MAX_PAYLOAD = 1024 * 1024
const MAX_LAYERS = 128

/** The sigstore signatures of a manifest, which the registry has under the tag `sha256-HEX.sig`; none where there is no such tag. */
export async function readAttachments(
  repository: Repository,
  digest: Digest,
): Promise<Attachment[]> {
  const tag = `sha256-${digestHex(digest)}.sig`
  const manifest = await repository.fetchManifest(tag).catch((error: unknown) => {
    if (error instanceof LighterError && error.code === 'registry-not-found') return undefined
    throw error
  })
  if (!manifest) return []
  const document = parseJson(manifest.bytes)
  const layers = isJsonObject(document) ? document.layers : undefined
  if (!Array.isArray(layers) || layers.length > MAX_LAYERS) {
    throw new LighterError('registry-protocol', `the signatures ${tag} cannot be read`)
  }
  const found: Attachment[] = []
  for (const layer of layers) {
    if (!isJsonObject(layer) || layer.mediaType !== PAYLOAD) continue
    const { [SIGNATURE]: signature } = isJsonObject(layer.annotations) ? layer.annotations : {}
    if (typeof signature !== 'string') continue
    found.push({ payload: await readPayload(repository, layer), signature })
  }
  return found
}

async function readPayload(repository: Repository, layer: unknown): Promise<Buffer> {
  const { digest, size } = parseDescriptor(layer)
  if (size > MAX_PAYLOAD) throw new LighterError('registry-protocol', `${digest} is no signature`)
  const { response } = await repository.openBlob(digest, 0)
  const bytes = await response.bytes(MAX_PAYLOAD)
  const actual = lazyCrypto().createHash('sha256').update(bytes).digest('hex')
  if (actual === digestHex(digest)) return bytes
  throw new LighterError('digest-mismatch', `signature verification failed for digest ${digest}`)
}
