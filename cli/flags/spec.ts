/**
 * `bool` may stand alone; numbers are checked while parsing: `bytes` takes `1.5g`, `swap` also `-1`; `list` collects every
 * occurrence as it is; `strings` also splits at commas.
 */
export type FlagType =
  | 'bool'
  | 'string'
  | 'int'
  | 'uint'
  | 'uint16'
  | 'bytes'
  | 'swap'
  | 'duration'
  | 'list'
  | 'strings'

export interface FlagSpec {
  type: FlagType
  /** One letter. */
  short?: string
  summary: string
  /** What `--help` shows instead of the type's name. */
  placeholder?: string
  default?: boolean | string | number
  /** What `--help` says of the default where it is not the value's own text. */
  shownDefault?: string
  /** What is wrong with a value, `undefined` when nothing is. */
  check?: (text: string) => string | undefined
  /** Not shown by `--help`. */
  hidden?: boolean
  /** Another spelling of the flag with this name. */
  aliasOf?: string
}

export type FlagTable = Readonly<Record<string, FlagSpec>>
