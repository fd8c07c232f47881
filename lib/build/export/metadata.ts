import type { Digest } from '../../core/ids.ts'
import type { DescriptorDocument } from '../../oci/descriptor.ts'
import type { Composed } from './compose.ts'

/** What `--metadata-file` tells of an image, as BuildKit's exporters answer. `id`: of the configuration, where there is one. */
export function imageMetadata(
  { root }: Pick<Composed, 'root'>,
  id: Digest | undefined,
  names: readonly string[],
): Record<string, unknown> {
  return {
    ...(id === undefined ? {} : { 'containerimage.config.digest': id }),
    'containerimage.descriptor': ordered(root),
    'containerimage.digest': root.digest,
    ...(names.length > 0 ? { 'image.name': names.join(',') } : {}),
  }
}

/** A descriptor with its members where Go has them. */
const ordered = ({
  mediaType,
  digest,
  size,
  annotations,
  platform,
}: DescriptorDocument): DescriptorDocument => ({
  mediaType,
  digest,
  size,
  ...(annotations ? { annotations } : {}),
  ...(platform ? { platform } : {}),
})
