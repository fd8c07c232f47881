import { parseSize } from '../../core/size.ts'
import { parseTruth } from '../../core/truth.ts'
import { quoted } from '../characters.ts'
import { DockerfileError } from '../errors.ts'
import { withSuggestion } from '../suggest.ts'

export type MountType = 'bind' | 'cache' | 'tmpfs' | 'secret' | 'ssh'
export type Sharing = 'shared' | 'private' | 'locked'

const TYPES: readonly MountType[] = ['bind', 'cache', 'tmpfs', 'secret', 'ssh']
const SHARING: readonly Sharing[] = ['shared', 'private', 'locked']

/** What the options say, before a type gives them their defaults. */
export interface Said {
  type: MountType
  from?: string
  source?: string
  target?: string
  id?: string
  variable?: string
  readOnly?: boolean
  required?: boolean
  sharing?: Sharing
  size?: number
  mode?: number
  uid?: number
  gid?: number
}

/** Takes one option into what is said. The type has to come before options that only some types have. */
export function readOption(said: Said, key: string, value: string | undefined): void {
  if (value === undefined) readBareOption(said, key)
  else {
    const read = Object.hasOwn(OPTIONS, key) ? OPTIONS[key] : undefined
    if (read === undefined) {
      const sentence = `unexpected key '${key}' in '${key}=${value}'`
      throw new DockerfileError(withSuggestion(sentence, key, Object.keys(OPTIONS)))
    }
    read(said, value, key)
  }
}

/** Options that are true without saying so. */
function readBareOption(said: Said, key: string): void {
  const read = BARE.has(key) ? OPTIONS[key] : undefined
  if (read === undefined) {
    throw new DockerfileError(`invalid field '${key}' must be a key=value pair`)
  }
  read(said, 'true', key)
}

const BARE: ReadonlySet<string> = new Set(['readonly', 'ro', 'readwrite', 'rw', 'required'])

type ReadOption = (said: Said, value: string, key: string) => void

const readFrom: ReadOption = (said, value) => {
  said.from = value
}
const readSource: ReadOption = (said, value) => {
  said.source = value
}
const readTarget: ReadOption = (said, value) => {
  said.target = value
}
const readReadOnly: ReadOption = (said, value, key) => {
  said.readOnly = truthOf(value, key)
}
const readWritable: ReadOption = (said, value, key) => {
  said.readOnly = !truthOf(value, key)
}

const readType: ReadOption = (said, value) => {
  said.type = oneOf(TYPES, value, 'unsupported mount type')
}

const readRequired: ReadOption = (said, value, key) => {
  if (said.type !== 'secret' && said.type !== 'ssh') throw unexpectedKey(key, said.type)
  said.required = truthOf(value, key)
}

const readSize: ReadOption = (said, value, key) => {
  if (said.type !== 'tmpfs') throw unexpectedKey(key, said.type)
  said.size = parseSize(value, () => invalidValue(key, value))
}

const OPTIONS: Readonly<Record<string, ReadOption>> = {
  type: readType,
  from: readFrom,
  source: readSource,
  target: readTarget,
  readonly: readReadOnly,
  id: (said, value) => {
    said.id = value
  },
  sharing: (said, value) => {
    said.sharing = oneOf(SHARING, value, 'unsupported sharing value')
  },
  required: readRequired,
  size: readSize,
  mode: (said, value) => {
    said.mode = numberOf(value, 8, 'mode')
  },
  uid: (said, value) => {
    said.uid = numberOf(value, 10, 'uid')
  },
  gid: (said, value) => {
    said.gid = numberOf(value, 10, 'gid')
  },
  src: readSource,
  dst: readTarget,
  destination: readTarget,
  ro: readReadOnly,
  rw: readWritable,
  readwrite: readWritable,
  env: (said, value) => {
    said.variable = value
  },
}

export const unexpectedKey = (key: string, type: MountType): DockerfileError =>
  new DockerfileError(`unexpected key '${key}' for mount type '${type}'`)

const invalidValue = (key: string, value: string): DockerfileError =>
  new DockerfileError(`invalid value for ${key}: ${value}`)

function truthOf(value: string, key: string): boolean {
  const truth = parseTruth(value)
  if (truth === undefined) throw invalidValue(key, value)
  return truth
}

function oneOf<T extends string>(known: readonly T[], value: string, complaint: string): T {
  const found = known.find((name) => name === value.toLowerCase())
  if (found !== undefined) return found
  throw new DockerfileError(withSuggestion(`${complaint} ${quoted(value)}`, value, known))
}

/** A number of 32 bits without a sign. */
function numberOf(value: string, base: 8 | 10, key: string): number {
  const digits = base === 8 ? /^[0-7]+$/ : /^\d+$/
  const number = digits.test(value) ? Number.parseInt(value, base) : Number.NaN
  if (number < 2 ** 32) return number
  throw new DockerfileError(`invalid value ${value} for ${key}`)
}
