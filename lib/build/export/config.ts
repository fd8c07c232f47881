import type { Digest } from '../../core/ids.ts'
import { sortMembers } from '../../core/labels.ts'
import { escapeForHtml } from '../../format/json-text.ts'
import type { BuiltImage } from '../result.ts'

type Json = Readonly<Record<string, unknown>>

/** Members as the structures of the OCI's and Docker's image specifications have them, in which order Go writes them. */
const CONFIG = [
  'User',
  'ExposedPorts',
  'Env',
  'Entrypoint',
  'Cmd',
  'Volumes',
  'WorkingDir',
  'Labels',
  'StopSignal',
  'ArgsEscaped',
  'Healthcheck',
  'OnBuild',
  'StopTimeout',
  'Shell',
]
const HEALTHCHECK = ['Test', 'Interval', 'Timeout', 'StartPeriod', 'StartInterval', 'Retries']
const HISTORY = ['created', 'created_by', 'author', 'comment', 'empty_layer']
const TOP = ['architecture', 'author', 'created', 'os', 'os.features', 'os.version', 'variant']
const MAPS: ReadonlySet<string> = new Set(['ExposedPorts', 'Volumes', 'Labels'])

/** What of an output's wishes reaches into configurations. */
export interface ConfigWishes {
  /** Nothing that the build made is younger (`SOURCE_DATE_EPOCH`). */
  epoch: Date | undefined
  /** What `--cache-to type=inline` keeps in the image, as BuildKit: base64 of its list. */
  inlineCache?: string | undefined
}

/**
 * The bytes of an image's configuration, as BuildKit writes it: what the specifications do not know is left out, as is what is empty;
 * the members of the document are sorted, those in it are in the order of its structures. Equal input makes equal bytes.
 */
export function configBytes(
  { config, base }: Pick<BuiltImage, 'config' | 'base'>,
  diffIds: readonly Digest[],
  { epoch, inlineCache }: ConfigWishes,
): Buffer {
  const history = (Array.isArray(config.history) ? config.history : []).map((entry, index) =>
    pick(index < (base?.history ?? 0) ? entry : notAfter(entry, epoch), HISTORY),
  )
  const last = history.at(-1)?.created
  const dated = notAfter({ created: config.created ?? last ?? epoch?.toISOString() }, epoch)
  const document = {
    ...pick({ ...config, ...dated }, TOP),
    config: describeConfig(config.config),
    ...(history.length > 0 ? { history } : {}),
    ...(inlineCache === undefined ? {} : { 'moby.buildkit.cache.v0': inlineCache }),
    rootfs: { type: 'layers', diff_ids: diffIds },
  }
  return goJson(sortMembers(document))
}

/** JSON as Go writes it. */
export const goJson = (value: unknown): Buffer => Buffer.from(escapeForHtml(JSON.stringify(value)))

function describeConfig(value: unknown): Json {
  const config = pick(value, CONFIG)
  return Object.fromEntries(
    Object.entries(config).map(([key, member]) => {
      if (MAPS.has(key)) return [key, sortMembers(member as Json)]
      return [key, key === 'Healthcheck' ? pick(member, HEALTHCHECK) : member]
    }),
  )
}

function pick(value: unknown, names: readonly string[]): Json {
  const members = (typeof value === 'object' && value !== null ? value : {}) as Json
  return Object.fromEntries(
    names.flatMap((name) => (isEmpty(members[name]) ? [] : [[name, members[name]]])),
  )
}

const isEmpty = (value: unknown): boolean =>
  !value || (typeof value === 'object' && Object.keys(value).length === 0)

/** An entry whose time, when it has none or a later one, is that of the epoch. */
function notAfter(entry: unknown, epoch: Date | undefined): Json {
  const members = (typeof entry === 'object' && entry !== null ? entry : {}) as Json
  const time = Date.parse(String(members.created ?? ''))
  if (!epoch || time <= epoch.getTime()) return members
  return { ...members, created: formatTime(epoch) }
}

/** As Go prints a time: without a fraction that is zero. */
export const formatTime = (time: Date): string => time.toISOString().replace(/\.?0*Z$/, 'Z')
