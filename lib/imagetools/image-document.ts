import { type PlatformDocument, readMap, readPlatform } from '../oci/descriptor.ts'

type Json = Readonly<Record<string, unknown>>

/** An image's configuration as OCI has it: what is empty is left out, and so is what only Docker knows. */
export type ImageDocument = PlatformDocument & Record<string, unknown>

/** Reads a configuration; its members are in the order in which Go writes them. */
export function imageDocument(raw: Json): ImageDocument {
  const config = objectOf(raw.config)
  const history = listOf(raw.history).map(historyDocument)
  const rootfs = objectOf(raw.rootfs)
  return {
    ...texts(raw, ['created', 'author']),
    ...readPlatform(raw),
    config: {
      ...texts(config, ['User']),
      ...filled({ ExposedPorts: emptyMembers(config.ExposedPorts) }),
      ...filled({
        Env: textsOf(config.Env),
        Entrypoint: textsOf(config.Entrypoint),
        Cmd: textsOf(config.Cmd),
      }),
      ...filled({ Volumes: emptyMembers(config.Volumes) }),
      ...texts(config, ['WorkingDir']),
      ...filled({ Labels: readMap(config.Labels) }),
      ...texts(config, ['StopSignal']),
      ...(config.ArgsEscaped === true ? { ArgsEscaped: true } : {}),
    },
    rootfs: {
      type: typeof rootfs.type === 'string' ? rootfs.type : '',
      diff_ids: Array.isArray(rootfs.diff_ids) ? textsOf(rootfs.diff_ids) : null,
    },
    ...filled({ history }),
  }
}

const historyDocument = (value: unknown): Json => {
  const entry = objectOf(value)
  return {
    ...texts(entry, ['created', 'created_by', 'author', 'comment']),
    ...(entry.empty_layer === true ? { empty_layer: true } : {}),
  }
}

/** Those of the members that are texts and not empty. */
const texts = (value: Json, names: readonly string[]): Record<string, string> =>
  Object.fromEntries(
    names.flatMap((name) => {
      const text = value[name]
      return typeof text === 'string' && text !== '' ? [[name, text]] : []
    }),
  )

/** Those of the members that are not empty. */
const filled = (members: Readonly<Record<string, object>>): Record<string, object> =>
  Object.fromEntries(Object.entries(members).filter(([, value]) => Object.keys(value).length > 0))

const emptyMembers = (value: unknown): Record<string, object> =>
  Object.fromEntries(Object.keys(objectOf(value)).map((key) => [key, {}]))

const objectOf = (value: unknown): Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : {}

const listOf = (value: unknown): unknown[] => (Array.isArray(value) ? value : [])

const textsOf = (value: unknown): string[] =>
  listOf(value).filter((entry) => typeof entry === 'string')
