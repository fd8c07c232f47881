/**
 * `bool` may stand alone; `int` and `duration` are checked while parsing; `list` collects every occurrence as it is;
 * `strings` also splits at commas.
 */
export type FlagType = 'bool' | 'string' | 'int' | 'duration' | 'list' | 'strings'

export interface FlagSpec {
  type: FlagType
  /** One letter. */
  short?: string
  summary: string
  /** What `--help` shows instead of the type's name. */
  placeholder?: string
  default?: boolean | string | number
  /** What is wrong with a value, `undefined` when nothing is. */
  check?: (text: string) => string | undefined
  /** Not shown by `--help`. */
  hidden?: boolean
  /** Another spelling of the flag with this name. */
  aliasOf?: string
}

export type FlagTable = Readonly<Record<string, FlagSpec>>
