import { LighterError } from '../core/errors.ts'

export type Compression = 'uncompressed' | 'gzip' | 'zstd'

/** Media types of layers by what wraps them, in the OCI's family and in Docker's, which knows no zstd. */
const OCI_TYPES: Readonly<Record<Compression, string>> = {
  uncompressed: 'application/vnd.oci.image.layer.v1.tar',
  gzip: 'application/vnd.oci.image.layer.v1.tar+gzip',
  zstd: 'application/vnd.oci.image.layer.v1.tar+zstd',
}
const DOCKER_TYPES: Readonly<Record<Compression, string>> = {
  uncompressed: 'application/vnd.docker.image.rootfs.diff.tar',
  gzip: 'application/vnd.docker.image.rootfs.diff.tar.gzip',
  zstd: 'application/vnd.docker.image.rootfs.diff.tar.zstd',
}

/** What a layer's blob is wrapped in, as its media type says. */
export function compressionOf(mediaType: string): Compression {
  if (/[.+]gzip$/.test(mediaType)) return 'gzip'
  if (/[.+]zstd$/.test(mediaType)) return 'zstd'
  if (/\.tar$/.test(mediaType)) return 'uncompressed'
  throw new LighterError('unsupported', `unknown media type of a layer: ${mediaType}`)
}

/** The media type of a layer in one of the two families. */
export const layerType = (compression: Compression, oci: boolean): string =>
  (oci ? OCI_TYPES : DOCKER_TYPES)[compression]
