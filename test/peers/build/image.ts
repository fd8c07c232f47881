import { gunzipSync } from 'node:zlib'
import type { BuildAnswer } from './suite.ts'
import { readTar } from './tar.ts'
import { differences, treeOf } from './tree.ts'

interface Configuration {
  history?: History[]
  rootfs: { diff_ids: string[] }
  config?: { WorkingDir?: string; Labels?: Record<string, string> }
  [member: string]: unknown
}
interface History {
  created_by?: string
  comment?: string
  author?: string
  empty_layer?: boolean
}

/** Layers of the images that tests build from say this of themselves: see `writeImageLayout`. */
const OF_THE_BASE = /^layer \d+$/

/** What is compared of an image, from the archive that `docker save` makes of it: the same for every engine. */
export function readImage(
  archive: Buffer,
): Required<Pick<BuildAnswer, 'config' | 'history' | 'layers' | 'files'>> {
  const files = new Map([...readTar(archive)].map(({ path, data }) => [path, data]))
  const read = (path: string): Buffer => {
    const data = files.get(path)
    if (!data) throw new Error(`The archive has no ${path}`)
    return data
  }
  const [manifest] = JSON.parse(read('manifest.json').toString()) as [
    { Config: string; Layers: string[] },
  ]
  const {
    history = [],
    rootfs,
    ...config
  } = JSON.parse(read(manifest.Config).toString()) as Configuration
  const layers = manifest.Layers.map((path) => plain(read(path)))
  const own = history.filter(({ created_by = '' }) => !OF_THE_BASE.test(created_by))
  const below = history.length - own.length
  if (rootfs.diff_ids.length !== layers.length) throw new Error('Not as many layers as diff ids')
  return {
    config: withoutNothing({
      ...config,
      created: undefined,
      config: withoutNothing({
        ...config.config,
        Labels: withoutMark(config.config?.Labels ?? {}),
        WorkingDir: workingDirectory(config),
      }),
    }),
    history: own.map(describeStep),
    layers: layers.length - below,
    files: differences(treeOf(layers.slice(0, below)), treeOf(layers)),
  }
}

const plain = (layer: Buffer): Buffer =>
  layer[0] === 0x1f && layer[1] === 0x8b ? gunzipSync(layer) : layer

function describeStep({ created_by = '', comment, author, empty_layer }: History): string {
  const more = [
    ...(empty_layer ? ['empty'] : []),
    ...(comment ? [comment] : []),
    ...(author ? [`by ${author}`] : []),
  ]
  return `${created_by} [${more.join(', ')}]`
}

/** What buildah made says so. */
const withoutMark = ({ 'io.buildah.version': _, ...labels }: Record<string, string>) => labels

/** Newer BuildKits write the root where older ones write nothing. */
const workingDirectory = ({ config }: { config?: Configuration['config'] }): string | undefined =>
  config?.WorkingDir === '/' ? undefined : config?.WorkingDir

/** Null, empty and absent members mean the same; members in one order. */
function withoutNothing(value: object): Record<string, unknown> {
  const members = Object.entries(value)
    .filter(([, member]) => !isNothing(member))
    .sort(([a], [b]) => (a < b ? -1 : 1))
  return Object.fromEntries(members)
}

const isNothing = (value: unknown): boolean =>
  value === undefined ||
  value === null ||
  value === '' ||
  value === false ||
  (typeof value === 'object' && Object.keys(value).length === 0)
