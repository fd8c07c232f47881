import { posix } from 'node:path'
import { LighterError } from '../../core/errors.ts'
import { randomHex } from '../../core/random.ts'
import { parseTruth } from '../../core/truth.ts'
import { formatPlatform, hostPlatform, type Platform } from '../../oci/platform.ts'
import { familiarName, parseReference, withDefaultTag } from '../../oci/reference.ts'
import type { AttestSpec, BuildOptions } from '../options.ts'
import type { BuildMaterial, BuiltImage } from '../result.ts'
import { formatTime, goJson } from './config.ts'

const BUILD_TYPE = 'https://mobyproject.org/buildkit@v1'
const ATTRIBUTES: ReadonlySet<string> = new Set(['mode', 'builder-id', 'reproducible'])

/** What a provenance is to tell. */
export interface ProvenanceWish {
  mode: 'min' | 'max'
  builderId: string
  reproducible: boolean
  /** The user asked for it; else it goes only where it costs nobody a plain image. */
  explicit: boolean
}

/** When a build was, and what it was made by. */
export interface BuildFacts {
  startedAt: Date
  finishedAt: Date
  epoch: Date | undefined
  /** The Dockerfile's name and text, which mode `max` tells. */
  dockerfile: { name: string; text: string } | undefined
  /** Of its context's repository. */
  vcs?: { revision?: string; source?: string } | undefined
}

/**
 * What `--provenance`, `--sbom` and `--attest` ask for; `undefined`: no provenance. Throws `usage` and `build` for what is unknown, and
 * `unsupported` for a bill of materials, which needs a scanner.
 */
export function readAttests({
  attests,
  environment,
}: Pick<BuildOptions, 'attests' | 'environment'>): ProvenanceWish | undefined {
  for (const spec of attests) if (spec.type === 'sbom' && !spec.disabled) throw noScanner(spec)
  const spec = attests.find(({ type }) => type === 'provenance')
  if (spec) return spec.disabled ? undefined : readProvenance(spec)
  if (parseTruth(environment.BUILDX_NO_DEFAULT_ATTESTATIONS ?? '') === true) return undefined
  return { mode: 'min', builderId: '', reproducible: false, explicit: false }
}

function noScanner({ attributes }: AttestSpec): LighterError {
  const { generator } = attributes
  const which = generator === undefined ? 'none was named' : `${generator} speaks to BuildKit alone`
  return new LighterError(
    'unsupported',
    `a bill of materials is made by a scanner that BuildKit runs, and ${which}`,
    { hint: 'Build without --sbom, and have a scanner read the image afterwards.' },
  )
}

function readProvenance({ attributes }: AttestSpec): ProvenanceWish {
  for (const key of Object.keys(attributes)) {
    if (ATTRIBUTES.has(key)) continue
    throw new LighterError('usage', `unknown attribute ${JSON.stringify(key)} of a provenance`)
  }
  const { mode = 'min', reproducible = 'false' } = attributes
  if (mode !== 'min' && mode !== 'max') {
    throw new LighterError('build', `invalid mode ${JSON.stringify(mode)}`)
  }
  const truth = parseTruth(reproducible)
  if (truth === undefined) {
    throw new LighterError(
      'build',
      `failed to parse reproducible ${JSON.stringify(reproducible)}: strconv.ParseBool: parsing ${JSON.stringify(reproducible)}: invalid syntax`,
    )
  }
  const builderId = attributes['builder-id'] ?? ''
  return { mode, builderId, reproducible: truth, explicit: true }
}

/** What an attestation is about. */
export interface Subject {
  name: string
  digest: { sha256: string }
}

/** The names of an image as package URLs. `names`: in their full form. */
export const subjectsOf = (
  names: readonly string[],
  platform: Platform,
  digest: string,
): Subject[] =>
  names.map((name) => ({
    name: packageUrl(name, platform),
    digest: { sha256: digest.replace(/^sha256:/, '') },
  }))

/** `pkg:docker/library@tag?platform=linux%2Famd64`. */
export function packageUrl(name: string, platform: Platform): string {
  const reference = withDefaultTag(parseReference(name))
  const path = familiarName(reference).split('/').map(encodeURIComponent).join('/')
  const version = reference.tag ? `@${encodeURIComponent(reference.tag)}` : ''
  return `pkg:docker/${path}${version}?platform=${encodeURIComponent(formatPlatform(platform))}`
}

/**
 * A provenance of SLSA 0.2 as an in-toto statement, as BuildKit writes it. With an epoch equal builds have equal ones: times are the
 * epoch, and the invocation has an id of its subjects.
 */
export function formatProvenance(
  options: BuildOptions,
  image: Pick<BuiltImage, 'materials'>,
  subject: readonly Subject[],
  wish: ProvenanceWish,
  facts: BuildFacts,
): Buffer {
  const { parameters, complete } = describeParameters(options, wish)
  const { materials } = image
  const source = wish.mode === 'max' ? describeSource(facts) : undefined
  const predicate = {
    builder: { id: wish.builderId },
    buildType: BUILD_TYPE,
    ...(materials.length > 0 ? { materials } : {}),
    invocation: {
      configSource: describeConfigSource(options, materials),
      parameters,
      environment: { platform: formatPlatform(hostPlatform()) },
    },
    metadata: {
      buildInvocationID: facts.epoch ? idOf(subject) : randomHex(13).slice(1),
      buildStartedOn: formatTime(facts.epoch ?? facts.startedAt),
      buildFinishedOn: formatTime(facts.epoch ?? facts.finishedAt),
      completeness: { parameters: complete, environment: true, materials: false },
      reproducible: wish.reproducible,
      [`${BUILD_TYPE}#metadata`]: {
        ...(facts.vcs ? { vcs: facts.vcs } : {}),
        ...(source ? { source } : {}),
      },
    },
  }
  return goJson({
    _type: 'https://in-toto.io/Statement/v0.1',
    predicateType: 'https://slsa.dev/provenance/v0.2',
    subject,
    predicate,
  })
}

/** As long as BuildKit's. */
const idOf = (subject: readonly Subject[]): string =>
  (subject[0]?.digest.sha256 ?? '').padEnd(25, '0').slice(0, 25)

/** Mode `min` keeps to itself what may be secret, and says that it does. */
function describeParameters(
  options: BuildOptions,
  { mode }: ProvenanceWish,
): { parameters: object; complete: boolean } {
  const secret: [string, string][] = [
    ...Object.entries(options.buildArgs).map(([key, value]): [string, string] => [
      `build-arg:${key}`,
      value,
    ]),
    ...Object.entries(options.labels).map(([key, value]): [string, string] => [
      `label:${key}`,
      value,
    ]),
  ]
  const shown: [string, string][] = [
    ...Object.entries(options.contexts).map(([key, value]): [string, string] => [
      `context:${key}`,
      isRemote(value) || /^[a-z-]+:\/\//.test(value) ? value : `local:${key}`,
    ]),
    ...(options.target ? [['target', options.target] as [string, string]] : []),
    ...(options.noCache ? [['no-cache', ''] as [string, string]] : []),
    ...(options.network === 'default'
      ? []
      : [['force-network-mode', options.network] as [string, string]]),
  ]
  const args = [...shown, ...(mode === 'max' ? secret : [])].sort(([a], [b]) => (a < b ? -1 : 1))
  const ids = (list: readonly { id: string }[]) => list.map(({ id }) => ({ id, optional: true }))
  return {
    parameters: {
      frontend: 'dockerfile.v0',
      ...(args.length > 0 ? { args: Object.fromEntries(args) } : {}),
      ...(mode === 'max' && options.secrets.length > 0 ? { secrets: ids(options.secrets) } : {}),
      ...(mode === 'max' && options.ssh.length > 0 ? { ssh: ids(options.ssh) } : {}),
      ...(isRemote(options.context)
        ? {}
        : { locals: [{ name: 'context' }, { name: 'dockerfile' }] }),
    },
    complete: mode === 'max' || secret.length === 0,
  }
}

const isRemote = (text: string): boolean => /^(https?|git|ssh):\/\/|^git@/.test(text)

function describeConfigSource(
  { context, file }: BuildOptions,
  materials: readonly BuildMaterial[],
): object {
  const entryPoint = file === undefined || file === '-' ? 'Dockerfile' : file
  // A directory of the host is nobody else's to know.
  if (!isRemote(context)) return { entryPoint: posix.basename(entryPoint) }
  const found = materials.find(({ uri }) => uri === context || uri.endsWith(context))
  return { uri: found?.uri ?? context, ...(found ? { digest: found.digest } : {}), entryPoint }
}

const describeSource = ({ dockerfile }: BuildFacts): object | undefined =>
  dockerfile && {
    infos: [
      {
        filename: dockerfile.name,
        language: 'Dockerfile',
        data: Buffer.from(dockerfile.text).toString('base64'),
      },
    ],
  }
