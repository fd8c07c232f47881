import type { Digest } from '../../lib/core/ids.ts'
import type { Engine } from '../../lib/engine.ts'
import { findImage, type Image } from '../../lib/image/find.ts'
import { type ListedImage, NONE } from '../../lib/image/list.ts'
import { type ImageUser, listImageUsers } from '../../lib/image/users.ts'
import { familiarName, familiarReference, parseReference } from '../../lib/oci/reference.ts'
import { listAllReferences } from '../../lib/store/shared.ts'
import { type ApiVersion, atLeast } from '../http/api-version.ts'
import { describeManifest } from './manifest-summary.ts'

export interface SummaryOptions {
  version: ApiVersion
  /** Bytes of layers that other images have, too, by image; absent: nobody asks. */
  shared?: ReadonlyMap<Digest, number>
  /** Whether each manifest is told. */
  manifests?: boolean
}

type Summary = Record<string, unknown>

/** One document per image for rows of names, in their order. */
export function summarise(
  engine: Engine,
  rows: readonly ListedImage[],
  options: SummaryOptions,
): Summary[] {
  const groups = Map.groupBy(rows, ({ id }) => id)
  const digests = digestNames(engine)
  const users = Map.groupBy(listImageUsers(engine), ({ imageId }) => imageId)
  return [...groups].flatMap(([id, own]) => {
    const image = findImage(engine, id)
    // Somebody has just removed it.
    if (!image) return []
    const repositories = new Set(own.map(({ repository }) => repository))
    const names = (digests.get(id) ?? []).filter(({ repository }) => repositories.has(repository))
    const told = { digests: names.map(({ name }) => name), users: users.get(id) ?? [] }
    return [describe(image, own, { ...options, ...told })]
  })
}

/** What stands for names that are not there, for old clients. */
const NO_TAGS = [`${NONE}:${NONE}`]
const NO_DIGESTS = [`${NONE}@${NONE}`]

function describe(
  image: Image,
  rows: readonly ListedImage[],
  {
    version,
    shared,
    manifests,
    digests,
    users,
  }: SummaryOptions & { digests: string[]; users: readonly ImageUser[] },
): Summary {
  const { config } = image
  const size = rows[0]?.size ?? 0
  const tags = rows
    .filter(({ tag }) => tag !== NONE)
    .map(({ repository, tag }) => `${repository}:${tag}`)
  const isNameless = tags.length === 0 && digests.length === 0
  const old = !atLeast(version, 43)
  return {
    Containers: atLeast(version, 51) ? users.length : -1,
    Created: secondsOf(config.created),
    Id: image.id,
    Labels: labelsOf(image),
    ParentId: '',
    ...(atLeast(version, 48) ? { Descriptor: image.manifest } : {}),
    ...(manifests ? { Manifests: [describeManifest(image, size, users)] } : {}),
    RepoDigests: old && digests.length === 0 ? (isNameless ? NO_DIGESTS : null) : digests,
    RepoTags: old && tags.length === 0 ? (isNameless ? NO_TAGS : null) : tags,
    SharedSize: shared?.get(image.id) ?? -1,
    Size: size,
    ...(atLeast(version, 44) ? {} : { VirtualSize: size }),
  }
}

/** As the image has them: none, and an empty list of them, are told apart. */
function labelsOf({ config }: Image): Readonly<Record<string, string>> | null {
  const { config: own } = config.raw as { config?: { Labels?: unknown } }
  return own?.Labels ? config.defaults.labels : null
}

/** Seconds since 1970; 0 where an image does not say when it was made. */
export const secondsOf = (created: string): number => {
  const time = Date.parse(created)
  return Number.isNaN(time) ? 0 : Math.floor(time / 1000)
}

/** Names by digest, by image. */
function digestNames(engine: Engine): Map<Digest, { repository: string; name: string }[]> {
  const names = new Map<Digest, { repository: string; name: string }[]>()
  for (const { reference: text, imageId } of listAllReferences(engine.stores)) {
    if (text.startsWith('@') || !text.includes('@')) continue
    const reference = parseReference(text)
    const known = names.get(imageId) ?? []
    known.push({ repository: familiarName(reference), name: familiarReference(reference) })
    names.set(imageId, known)
  }
  return names
}
