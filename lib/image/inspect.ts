import type { Engine } from '../engine.ts'
import { familiarReference, parseReference } from '../oci/reference.ts'
import { listReferences } from '../store/references.ts'
import { getImage, type Image, layerTrees } from './find.ts'
import { imageSize } from './list.ts'

type Json = Readonly<Record<string, unknown>>

/** Docker's names of what does the same there. */
const DRIVER_NAMES = { overlay: 'overlay2', 'fuse-overlayfs': 'fuse-overlayfs', copy: 'vfs' }

/** The document that `inspect` shows for an image, in the shape of Docker 26. Throws `no-such-image`. */
export async function inspectImage(engine: Engine, text: string): Promise<Record<string, unknown>> {
  const image = getImage(engine, text)
  const records = listReferences(engine.paths.data).filter(({ imageId }) => imageId === image.id)
  const names = records
    .filter(({ reference }) => !reference.startsWith('@'))
    .map(({ reference }) => familiarReference(parseReference(reference)))
  const tagged = records.flatMap(({ taggedAt }) => taggedAt ?? []).sort()
  const { raw, platform, diffIds, created } = image.config
  return {
    Id: image.id,
    RepoTags: names.filter((name) => !name.includes('@')),
    RepoDigests: names.filter((name) => name.includes('@')),
    Parent: '',
    Comment: raw.comment ?? '',
    Created: created,
    DockerVersion: raw.docker_version ?? '',
    Author: raw.author ?? '',
    Config: describeConfig(isObject(raw.config) ? raw.config : {}),
    Architecture: platform.architecture,
    ...(raw.variant ? { Variant: raw.variant } : {}),
    Os: platform.os,
    ...(raw['os.version'] ? { OsVersion: raw['os.version'] } : {}),
    Size: imageSize(engine, image),
    GraphDriver: await describeDriver(engine, image),
    RootFS: { Type: 'layers', ...(diffIds.length > 0 ? { Layers: diffIds } : {}) },
    Metadata: { LastTagTime: tagged.at(-1) ?? '0001-01-01T00:00:00Z' },
  }
}

/** Members in Docker's order, with its empty values; some only where the image has them. */
function describeConfig(config: Json): Json {
  const some = (name: string) => (config[name] ? { [name]: config[name] } : {})
  return {
    Hostname: config.Hostname ?? '',
    Domainname: config.Domainname ?? '',
    User: config.User ?? '',
    AttachStdin: config.AttachStdin ?? false,
    AttachStdout: config.AttachStdout ?? false,
    AttachStderr: config.AttachStderr ?? false,
    ...some('ExposedPorts'),
    Tty: config.Tty ?? false,
    OpenStdin: config.OpenStdin ?? false,
    StdinOnce: config.StdinOnce ?? false,
    Env: config.Env ?? null,
    Cmd: config.Cmd ?? null,
    ...some('Healthcheck'),
    ...some('ArgsEscaped'),
    Image: config.Image ?? '',
    Volumes: config.Volumes ?? null,
    WorkingDir: config.WorkingDir ?? '',
    Entrypoint: config.Entrypoint ?? null,
    ...some('NetworkDisabled'),
    ...some('MacAddress'),
    OnBuild: config.OnBuild ?? null,
    Labels: config.Labels ?? null,
    ...some('StopSignal'),
    ...some('StopTimeout'),
    ...some('Shell'),
  }
}

/** A copied root has no layers to show. Nothing is merged or written where only an image is. */
async function describeDriver(engine: Engine, image: Image): Promise<Json> {
  const { driver } = await engine.storage()
  const [upper, ...lower] = layerTrees(engine, image)
  const data = {
    ...(lower.length > 0 ? { LowerDir: lower.join(':') } : {}),
    ...(upper ? { UpperDir: upper } : {}),
  }
  return { Data: driver === 'copy' ? null : data, Name: DRIVER_NAMES[driver] }
}

const isObject = (value: unknown): value is Json => typeof value === 'object' && value !== null
