import type { Context } from './context.ts'
import type { FlagTable } from './flags/spec.ts'
import type { Parsed } from './parse.ts'

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
  /** Made when the command is called: a start pays for its own flags only. */
  flags: () => FlagTable
  /** The first operand ends the options: what follows belongs to the container, or is a name whatever it looks like. */
  stopAtOperand?: boolean
  load: () => Promise<CommandModule>
}
