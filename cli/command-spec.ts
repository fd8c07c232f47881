import type { Context } from './context.ts'
import type { Parsed } from './parse.ts'

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

export interface CommandModule {
  run(context: Context, parsed: Parsed): Promise<number>
}

export interface CommandSpec {
  /** Every way to call it, in the order in which `--help` lists them. */
  names: readonly [string, ...string[]]
  summary: string
  /** What follows the name in the usage line. */
  usage: string
  /** Fewest and most operands; at first use beyond, Docker's sentence is printed. */
  operands: readonly [number, number]
  flags: FlagTable
  /** The first operand ends the options: what follows belongs to the container. */
  stopAtOperand?: boolean
  load: () => Promise<CommandModule>
}
