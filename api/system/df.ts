import type { CacheRecordInfo } from '../../lib/build/cache/record-info.ts'
import { listContainers } from '../../lib/container/catalog.ts'
import {
  listCache,
  measureAll,
  measureImages,
  measureVolumes,
  type VolumeUsage,
} from '../../lib/housekeeping/usage.ts'
import { listImages } from '../../lib/image/list.ts'
import { describeVolume } from '../../lib/volume/inspect.ts'
import { describe, viewOf } from '../containers/list.ts'
import { atLeast } from '../http/api-version.ts'
import type { Call } from '../http/call.ts'
import { badRequest } from '../http/errors.ts'
import { summarise } from '../images/summary.ts'

const TYPES = ['image', 'container', 'volume', 'build-cache'] as const
type Type = (typeof TYPES)[number]

/** `GET /system/df`: what everything takes on the disk, or since 1.42 what the wanted types take. */
export async function df(call: Call): Promise<void> {
  const { engine, reply, version } = call
  const wanted = wantedTypes(call)
  const containers = listContainers(engine.paths.data)
  const images = wanted.has('image') ? measureImages(engine, containers) : undefined
  const records = wanted.has('build-cache') ? await listCache(engine) : undefined
  reply.json({
    LayersSize: images?.layers ?? 0,
    Images: images ? describeImages(call, images) : null,
    Containers: wanted.has('container') ? await describeContainers(call, containers) : null,
    Volumes: wanted.has('volume') ? await describeVolumes(call, containers) : null,
    BuildCache: records ? records.map((record) => describeRecord(call, record)) : null,
    ...(atLeast(version, 42) ? {} : { BuilderSize: ownSize(records ?? []) }),
  })
}

/** Bytes that images have, too, are counted there. */
const ownSize = (records: readonly CacheRecordInfo[]): number =>
  records.filter(({ shared }) => !shared).reduce((total, { size }) => total + size, 0)

function wantedTypes({ query, version }: Call): ReadonlySet<Type> {
  const asked = atLeast(version, 42) ? query.all('type') : []
  const unknown = asked.find((type) => !TYPES.some((known) => known === type))
  if (unknown !== undefined) throw badRequest(`unknown object type: ${unknown}`)
  return new Set(asked.length > 0 ? (asked as Type[]) : TYPES)
}

function describeImages(
  { engine, version }: Call,
  { images }: ReturnType<typeof measureImages>,
): Record<string, unknown>[] {
  const shared = new Map(images.map((image) => [image.id, image.shared]))
  const users = new Map(images.map((image) => [image.id as string, image.containers]))
  return summarise(engine, listImages(engine), { version, shared }).map((summary) => ({
    ...summary,
    Containers: users.get(String(summary.Id)) ?? 0,
  }))
}

async function describeContainers(
  call: Call,
  containers: ReturnType<typeof listContainers>,
): Promise<object[]> {
  const { engine } = call
  const view = viewOf(call)
  return (await measureAll(engine, containers)).map(({ container, size: own, total }) =>
    describe(engine.paths.data, container, view, { own, total }),
  )
}

async function describeVolumes(
  { engine }: Call,
  containers: ReturnType<typeof listContainers>,
): Promise<object[]> {
  const volumes = await measureVolumes(engine, containers)
  return volumes.map(({ links, size, ...volume }: VolumeUsage) => ({
    ...describeVolume(engine.paths.data, volume),
    UsageData: { RefCount: links, Size: size },
  }))
}

function describeRecord({ version }: Call, record: CacheRecordInfo): object {
  const { parents } = record
  const ofOld = { Parent: parents[0] ?? '' }
  return {
    ID: record.id,
    ...(atLeast(version, 42) ? { Parents: parents.length > 0 ? parents : null } : ofOld),
    Type: record.type,
    Description: record.description,
    InUse: record.inUse,
    Shared: record.shared,
    Size: record.size,
    CreatedAt: record.createdAt.toISOString(),
    LastUsedAt: record.lastUsedAt?.toISOString() ?? null,
    UsageCount: record.usageCount,
  }
}
