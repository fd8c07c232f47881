import type { Engine } from '../../lib/engine.ts'
import { findImage } from '../../lib/image/find.ts'
import { type ApiVersion, atLeast } from '../http/api-version.ts'
import { describePlatform } from '../images/manifest-summary.ts'

type Document = Record<string, unknown>

/** What a document of a container gets that clients of a version expect beside what Docker 26 had (API 1.45). */
export type Newer = (document: Document, imageId: string) => Document

/** As of 1.48 the image's manifest, and the priority of each endpoint. Images are read once. */
export function newerMembers(engine: Engine, version: ApiVersion): Newer {
  if (!atLeast(version, 48)) return (document) => document
  const descriptors = new Map<string, Document | undefined>()
  return (document, imageId) => {
    if (!descriptors.has(imageId)) descriptors.set(imageId, describeImage(engine, imageId))
    const descriptor = descriptors.get(imageId)
    return {
      ...document,
      ...(descriptor ? { ImageManifestDescriptor: descriptor } : {}),
      NetworkSettings: withPriorities(document.NetworkSettings as Document),
    }
  }
}

/** `undefined`: the image has been removed since. */
function describeImage(engine: Engine, imageId: string): Document | undefined {
  const image = findImage(engine, imageId)
  return image && { ...image.manifest, platform: describePlatform(image.config.platform) }
}

/** In the order of the engines that have priorities. */
function withPriorities(settings: Document): Document {
  const endpoints = Object.entries(settings.Networks as Record<string, Document>)
  const Networks = endpoints.map(([name, endpoint]) => {
    const { IPAMConfig, Links, Aliases, MacAddress, DriverOpts, GwPriority = 0, ...rest } = endpoint
    return [name, { IPAMConfig, Links, Aliases, MacAddress, DriverOpts, GwPriority, ...rest }]
  })
  return { ...settings, Networks: Object.fromEntries(Networks) }
}
