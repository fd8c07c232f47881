import type { Engine } from '../engine.ts'
import { familiarReference, parseReference } from '../oci/reference.ts'
import { listReferences } from '../store/references.ts'
import { getImage, layerTrees } from './find.ts'
import { imageSize } from './list.ts'

/** The document that `inspect` shows for an image, in the shape of Docker 26. Throws `no-such-image`. */
export function inspectImage(engine: Engine, text: string): Record<string, unknown> {
  const image = getImage(engine, text)
  const records = listReferences(engine.paths.data).filter(({ imageId }) => imageId === image.id)
  const names = records
    .filter(({ reference }) => !reference.startsWith('@'))
    .map(({ reference }) => familiarReference(parseReference(reference)))
  const { raw, platform, diffIds, created } = image.config
  const trees = layerTrees(engine, image)
  const [upper, ...lower] = trees
  return {
    Id: image.id,
    RepoTags: names.filter((name) => !name.includes('@')),
    RepoDigests: names.filter((name) => name.includes('@')),
    Parent: '',
    Comment: raw.comment ?? '',
    Created: created,
    DockerVersion: raw.docker_version ?? '',
    Author: raw.author ?? '',
    Config: raw.config ?? {},
    Architecture: platform.architecture,
    ...(raw.variant ? { Variant: raw.variant } : {}),
    Os: platform.os,
    Size: imageSize(engine, image),
    GraphDriver: {
      Data: {
        ...(lower.length > 0 ? { LowerDir: lower.join(':') } : {}),
        ...(upper ? { UpperDir: upper } : {}),
      },
      Name: 'overlay2',
    },
    RootFS: { Type: 'layers', Layers: diffIds },
    Metadata: {
      LastTagTime:
        records
          .map(({ createdAt }) => createdAt)
          .sort()
          .at(-1) ?? '0001-01-01T00:00:00Z',
    },
  }
}
