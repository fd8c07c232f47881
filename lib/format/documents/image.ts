import { readTypes } from '../go-types.ts'
import type { GoType } from '../values.ts'
import { CONFIG_TYPES, KNOWN_TYPES } from './container.ts'
import { documentExtras } from './methods.ts'

const IMAGE_TYPES = `
types.ImageInspect
  ID:Id string
  RepoTags []string
  RepoDigests []string
  Parent string
  Comment string
  Created string
  Container string
  ContainerConfig *container.Config
  DockerVersion string
  Author string
  Config *container.Config
  Architecture string
  Variant string
  Os string
  OsVersion string
  Size int64
  VirtualSize int64
  GraphDriver types.GraphDriverData
  RootFS types.RootFS
  Metadata image.Metadata
types.RootFS
  Type string
  Layers []string
image.Metadata
  LastTagTime time.Time
`

/** What Docker's client makes of the document of an image. */
export const imageType = (): GoType =>
  readTypes(CONFIG_TYPES + IMAGE_TYPES, KNOWN_TYPES, documentExtras())('types.ImageInspect')
