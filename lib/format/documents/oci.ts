import { readTypes } from '../go-types.ts'
import type { GoType, GoValue } from '../values.ts'
import { KNOWN_TYPES } from './container.ts'

const OCI_TYPES = `
v1.Descriptor
  MediaType:mediaType string
  Digest:digest digest.Digest
  Size:size int64
  URLs:urls []string
  Annotations:annotations map[string]string
  Data:data string
  Platform:platform *v1.Platform
  ArtifactType:artifactType string
v1.Platform
  Architecture:architecture string
  OS:os string
  OSVersion:os.version string
  OSFeatures:os.features []string
  Variant:variant string
imagetools.index
  SchemaVersion:schemaVersion int
  MediaType:mediaType string
  Digest:digest digest.Digest
  Size:size int64
  Manifests:manifests []v1.Descriptor
  Annotations:annotations map[string]string
v1.Image
  Created:created *time.Time
  Author:author string
  v1.Platform
  Config:config v1.ImageConfig
  RootFS:rootfs v1.RootFS
  History:history []v1.History
v1.ImageConfig
  User string
  ExposedPorts map[string]struct {}
  Env []string
  Entrypoint []string
  Cmd []string
  Volumes map[string]struct {}
  WorkingDir string
  Labels map[string]string
  StopSignal string
  ArgsEscaped bool
v1.RootFS
  Type:type string
  DiffIDs:diff_ids []digest.Digest
v1.History
  Created:created *time.Time
  CreatedBy:created_by string
  Author:author string
  Comment:comment string
  EmptyLayer:empty_layer bool
struct {}
imagetools.sbomStub
  SPDX interface {}
  AdditionalSPDXs []interface {}
imagetools.provenanceStub
  SLSA interface {}
`

/** What `.SBOM` and `.Provenance` of an image say: one document, or one for each platform. */
export interface Attested {
  sbom: unknown
  provenance: unknown
}

/** An index of OCI or a list of Docker's. */
export const indexType = (): GoType => readTypes(OCI_TYPES, KNOWN_TYPES)('imagetools.index')

/**
 * What templates of `imagetools inspect` are given. `many`: images of several platforms, by platform. The document has `name`, `manifest`
 * and `image`; attestations are methods, and no part of it.
 */
export function imagetoolsValue(
  document: Readonly<Record<string, unknown>>,
  { many, isIndex, attested }: { many: boolean; isIndex: boolean; attested: Attested },
): GoValue {
  const name = many ? 'imagetools.tplInputs' : 'imagetools.tplInput'
  const of = (type: string): string => (many ? `map[string]${type}` : type)
  const notation = `${OCI_TYPES}${name}
  Name:name string
  Manifest:manifest ${isIndex ? 'imagetools.index' : 'v1.Descriptor'}
  Image:image ${of('*v1.Image')}
`
  const extras = {
    [name]: {
      methods: {
        SBOM: {
          parameters: [],
          call: () => ({ type: find(of('imagetools.sbomStub')), data: attested.sbom }),
        },
        Provenance: {
          parameters: [],
          call: () => ({ type: find(of('imagetools.provenanceStub')), data: attested.provenance }),
        },
      },
    },
  }
  const find = readTypes(notation, KNOWN_TYPES, extras)
  return { type: find(name), data: document }
}
