import { posix } from 'node:path'
import { splitCsv } from '../core/csv.ts'
import { LighterError } from '../core/errors.ts'
import type { Location, MountFlag } from './ast.ts'
import { quoted } from './characters.ts'
import { DockerfileError } from './errors.ts'
import { readOption, type Said, type Sharing, unexpectedKey } from './instructions/mount-options.ts'

/** Who the files of a mount belong to, and their permissions. */
interface Owner {
  uid: number
  gid: number
  mode: number
}

/** A `--mount` of RUN. Targets are absolute. */
export type Mount =
  | {
      type: 'bind'
      /** A stage, an image or a named context; `undefined`: the build context. */
      from: string | undefined
      source: string
      target: string
      writable: boolean
    }
  | ({
      type: 'cache'
      id: string
      sharing: Sharing
      /** Where its first contents come from; `undefined`: it begins empty. */
      from: string | undefined
      source: string
      target: string
      readOnly: boolean
    } & Owner)
  /** Size in bytes; 0: no limit. */
  | { type: 'tmpfs'; target: string; size: number }
  | ({
      type: 'secret'
      id: string
      required: boolean
      /** `undefined`: no file, a variable alone. */
      target: string | undefined
      variable: string | undefined
    } & Owner)
  | ({ type: 'ssh'; id: string; required: boolean; target: string } & Owner)

/** Takes the text of `--mount` apart. Values may hold variables, which is why only their form is looked at. */
export function parseMountFlag(text: string): MountFlag {
  const options = fieldsOf(text).map((field) => {
    const equals = field.indexOf('=')
    if (equals < 0) return { key: field.toLowerCase(), value: undefined }
    return { key: field.slice(0, equals).toLowerCase(), value: field.slice(equals + 1) }
  })
  for (const { key, value } of options) {
    if (key === 'from' && value !== undefined && /\$./.test(value)) {
      throw new DockerfileError(
        `'${key}' doesn't support variable expansion, define alias stage instead`,
      )
    }
  }
  return { options }
}

function fieldsOf(text: string): string[] {
  try {
    return splitCsv(text)
  } catch (error) {
    if (!(error instanceof LighterError)) throw error
    throw new DockerfileError(`failed to parse csv mounts: ${error.message}`)
  }
}

/**
 * Reads the options of a mount whose variables are replaced. Relative targets are below the working directory; `index` is how many
 * ssh mounts the instruction has before it. Throws DockerfileError with BuildKit's sentences.
 */
export function readMount(
  options: MountFlag['options'],
  location: Location,
  workingDir: string,
  index = 0,
): Mount {
  try {
    const said: Said = { type: 'bind' }
    for (const { key, value } of options) readOption(said, key, value)
    checkSaid(said)
    return mountOf(said, workingDir, index)
  } catch (error) {
    if (!(error instanceof DockerfileError) || error.location) throw error
    throw new DockerfileError(error.message, location, { cause: error })
  }
}

function checkSaid(said: Said): void {
  const { type, source, target, id, sharing, from } = said
  if (type === 'bind' || type === 'tmpfs') {
    for (const key of ['mode', 'uid', 'gid'] as const) {
      if (said[key] === undefined) continue
      throw new DockerfileError(`${key} not allowed for ${quoted(type)} type mounts`)
    }
  }
  if (type === 'secret') {
    if (from) throw new DockerfileError('secret mount should not have a from')
    if (sharing) throw new DockerfileError('secret mount should not define sharing')
    if (!source && !target && !id) {
      throw new DockerfileError('invalid secret mount. one of source, target required')
    }
    if (source && id) throw new DockerfileError("both source and id can't be set")
  }
  if (sharing && type !== 'cache') {
    throw new DockerfileError(`invalid cache sharing set for ${type} mount`)
  }
  if (said.variable !== undefined && type !== 'secret') throw unexpectedKey('env', type)
}

function mountOf(said: Said, workingDir: string, index: number): Mount {
  const { type, source = '', from, readOnly } = said
  const owner = (mode: number): Owner => ({
    uid: said.uid ?? 0,
    gid: said.gid ?? 0,
    mode: said.mode ?? mode,
  })
  switch (type) {
    case 'bind': {
      const target = targetOf(said.target, workingDir)
      return { type, from: from || undefined, source, target, writable: readOnly === false }
    }
    case 'cache':
      return {
        type,
        id: said.id || posix.normalize(said.target || '.'),
        sharing: said.sharing ?? 'shared',
        from: from || undefined,
        source,
        target: targetOf(said.target, workingDir),
        readOnly: readOnly ?? false,
        ...owner(0o755),
      }
    case 'tmpfs':
      return { type, target: targetOf(said.target, workingDir), size: said.size ?? 0 }
    case 'secret':
      return secretOf(said, workingDir, owner(0o400))
    case 'ssh':
      return {
        type,
        id: said.id || source || 'default',
        required: said.required ?? false,
        target: targetOf(said.target || `/run/buildkit/ssh_agent.${index}`, workingDir),
        ...owner(0o600),
      }
  }
}

function targetOf(target = '', workingDir: string): string {
  const absolute = posix.resolve('/', workingDir, target)
  if (absolute === '/') throw new DockerfileError(`invalid mount target ${quoted(absolute)}`)
  return absolute
}

/** A secret is a file, named after it if nothing else is said; with a variable it is a file only if a target is said. */
function secretOf(said: Said, workingDir: string, owner: Owner): Mount {
  const { target, variable, required = false } = said
  const id = said.source || said.id || posix.basename(target ?? '')
  const file = target || (variable ? undefined : `/run/secrets/${posix.basename(id)}`)
  return {
    type: 'secret',
    id,
    required,
    target: file === undefined ? undefined : targetOf(file, workingDir),
    variable: variable || undefined,
    ...owner,
  }
}
