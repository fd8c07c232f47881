import { sortMembers } from '../core/labels.ts'
import type { Engine } from '../engine.ts'
import { familiarReference, parseReference } from '../oci/reference.ts'
import { listAllReferences } from '../store/shared.ts'
import { getImage, type Image, layerTrees } from './find.ts'
import { imageSize } from './list.ts'
import { checkImagePlatform, wantedPlatform } from './platform.ts'

type Json = Readonly<Record<string, unknown>>

/** Docker's names of what does the same there. */
const DRIVER_NAMES = { overlay: 'overlay2', 'fuse-overlayfs': 'fuse-overlayfs', copy: 'vfs' }

/** The document that `inspect` shows for an image, in the shape of Docker 26. Throws `no-such-image`, `bad-image-name`. */
export async function inspectImage(
  engine: Engine,
  text: string,
  platform?: string | undefined,
): Promise<Record<string, unknown>> {
  const wanted = wantedPlatform(platform)
  const image = getImage(engine, text)
  checkImagePlatform(text, image, wanted)
  const records = listAllReferences(engine.stores).filter(({ imageId }) => imageId === image.id)
  const names = records
    .filter(({ reference }) => !reference.startsWith('@'))
    .map(({ reference }) => familiarReference(parseReference(reference)))
  const tagged = records.flatMap(({ taggedAt }) => taggedAt ?? []).sort()
  const { raw, platform: own, diffIds, created } = image.config
  return {
    Id: image.id,
    RepoTags: names.filter((name) => !name.includes('@')),
    RepoDigests: names.filter((name) => name.includes('@')),
    Parent: '',
    Comment: commentOf(raw),
    ...(created === '' ? {} : { Created: shortenFraction(created) }),
    DockerVersion: raw.docker_version ?? '',
    Author: raw.author ?? '',
    Config: isObject(raw.config) ? describeConfig(raw.config) : null,
    // Not `own`: its names are the usual ones, these are the image's own.
    Architecture: raw.architecture ?? '',
    ...(raw.variant ? { Variant: raw.variant } : {}),
    Os: own.os,
    ...(raw['os.version'] ? { OsVersion: raw['os.version'] } : {}),
    Size: imageSize(engine, image),
    GraphDriver: await describeDriver(engine, image),
    RootFS: { Type: 'layers', ...(diffIds.length > 0 ? { Layers: diffIds } : {}) },
    Metadata: { LastTagTime: tagged.at(-1) ?? '0001-01-01T00:00:00Z' },
  }
}

/** What a build says of an image stands in its history. */
function commentOf({ comment, history }: Json): unknown {
  if (comment) return comment
  const last: unknown = Array.isArray(history) ? history.at(-1) : undefined
  return isObject(last) ? (last.comment ?? '') : ''
}

/** `…:00.120Z` is `…:00.12Z`, as Go prints a time. */
const shortenFraction = (time: string): string =>
  time.replace(/\.(\d*?)0+(?=Z|[+-])/, (_, digits) => (digits === '' ? '' : `.${digits}`))

/** Members in Docker's order, with its empty values; some only where the image has them. */
function describeConfig(config: Json): Json {
  const some = (name: string) => (isEmpty(config[name]) ? {} : { [name]: sorted(config[name]) })
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
    ...describeHealthcheck(config.Healthcheck),
    ...some('ArgsEscaped'),
    Image: config.Image ?? '',
    Volumes: sorted(config.Volumes),
    WorkingDir: config.WorkingDir ?? '',
    Entrypoint: config.Entrypoint ?? null,
    ...some('NetworkDisabled'),
    ...some('MacAddress'),
    OnBuild: config.OnBuild ?? null,
    Labels: sorted(config.Labels),
    ...some('StopSignal'),
    ...(typeof config.StopTimeout === 'number' ? { StopTimeout: config.StopTimeout } : {}),
    ...some('Shell'),
  }
}

const HEALTHCHECK = ['Test', 'Interval', 'Timeout', 'StartPeriod', 'StartInterval', 'Retries']

/** What is zero or empty is not worth a member, the whole is. */
function describeHealthcheck(check: unknown): Json {
  if (!isObject(check)) return {}
  const members = HEALTHCHECK.flatMap((name) =>
    isEmpty(check[name]) ? [] : [[name, check[name]] as const],
  )
  return { Healthcheck: Object.fromEntries(members) }
}

const isEmpty = (value: unknown): boolean =>
  !value || (typeof value === 'object' && Object.keys(value).length === 0)

/** Maps in the order of their keys; nothing is `null`. */
const sorted = (value: unknown): unknown =>
  isObject(value) && !Array.isArray(value) ? sortMembers(value) : (value ?? null)

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
