import type { Image } from '../../lib/image/find.ts'
import type { ImageUser } from '../../lib/image/users.ts'
import type { Platform } from '../../lib/oci/platform.ts'

/** The one manifest of an image that is here. `unpacked`: bytes of its layers on the disk. */
export function describeManifest(
  image: Image,
  unpacked: number,
  users: readonly ImageUser[],
): Record<string, unknown> {
  const { manifest, layers, config } = image
  const content = [manifest, ...layers].reduce((sum, blob) => sum + blob.size, 0)
  const platform = describePlatform(config.platform)
  return {
    ID: manifest.digest,
    Descriptor: { ...manifest, platform },
    Available: true,
    Size: { Content: content, Total: content + unpacked },
    Kind: 'image',
    ImageData: {
      Platform: platform,
      Containers: users.map(({ id }) => id),
      Size: { Unpacked: unpacked },
    },
  }
}

/** As the OCI's documents have it. */
export const describePlatform = ({ os, architecture, variant }: Platform): object => ({
  architecture,
  os,
  ...(variant === '' ? {} : { variant }),
})
