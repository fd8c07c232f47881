import { type FoundCommand, findCommand, groupFlags, splitGroup } from './commands.ts'
import type { FlagTable } from './flags/spec.ts'
import { noteDeprecated, printCommand, printGroup, printHelp, printOverview } from './help.ts'
import { writeErr, writeOut } from './output/write.ts'
import { FlagError, parseArguments } from './parse.ts'
import { writeError } from './report.ts'

/** All flags that a group has. The shorthand has a name that nobody can write as one word. */
const SHORTHAND = 'help shorthand'
const HELP: FlagTable = {
  help: { type: 'bool', summary: 'Print usage' },
  [SHORTHAND]: { type: 'bool', short: 'h', summary: '' },
}

/**
 * What names no command: `container` alone explains itself; `container nosuch` does too, but fails; with a flag among the words, or
 * behind what is no command at all, it goes by the flag. Returns the exit code.
 */
export async function callGroup(
  program: string,
  globals: FlagTable,
  words: readonly string[],
): Promise<number> {
  const [first = ''] = words
  const { group, flags, rest } = splitGroup(words)
  const isPlugin = Object.hasOwn(groupFlags, group)
  const own = { ...HELP, ...groupFlags[group] }
  try {
    const result = parseArguments({ flags: () => own }, group, [...flags, ...rest])
    if (result.kind === 'help') throw new TypeError('--help is a flag of its own here')
    const { parsed } = result
    const deprecated = parsed.bool(SHORTHAND)
    if (deprecated || parsed.bool('help')) {
      const topic = group === '' ? [] : [...group.split(' '), ...parsed.operands]
      return await explain(program, globals, topic, deprecated)
    }
    if (group === '') return refuseWord(program, first)
    if (isPlugin) return callPlugin(program, group, parsed.operands)
    printGroup(program, group, { write: writeErr })
    return parsed.operands.length === 0 ? 0 : 1
  } catch (error) {
    if (error instanceof FlagError) return refuseFlag(program, globals, group, error)
    throw error
  }
}

/** `--help` before the command: of the command behind it, where there is one. */
export async function printHelpBefore(
  program: string,
  globals: FlagTable,
  argv: readonly string[],
  deprecated: boolean,
): Promise<number> {
  const words = argv.filter((word) => !word.startsWith('-'))
  if (deprecated && words.length > 0) noteDeprecated({ write: writeErr })
  return await explain(program, globals, words, deprecated && words.length === 0)
}

/** Plugins of Docker's client explain themselves on standard output; what they do not know must not pass for done. */
function callPlugin(program: string, group: string, words: readonly string[]): number {
  if (words.length === 0) return printGroup(program, group)
  writeError(`ERROR: unknown command: "${program} ${group} ${words[0]}"`)
  writeError(`See '${program} ${group} --help'.`)
  return 1
}

async function explain(
  program: string,
  globals: FlagTable,
  words: readonly string[],
  deprecated: boolean,
): Promise<number> {
  const found: FoundCommand | undefined = findCommand([...words])
  if (found) return printCommand(program, found.command, found.name, deprecated)
  const { group } = splitGroup(words)
  if (group === '') return await printHelp(program, globals, deprecated)
  if (deprecated) noteDeprecated({ write: writeOut })
  return printGroup(program, group)
}

function refuseWord(program: string, word: string): number {
  writeError(`${program}: '${word}' is not a docker command.\nSee '${program} --help'`)
  return 1
}

/** A flag that is wrong where no command has been found: Docker shows all that could have been meant. */
export function refuseFlag(
  program: string,
  globals: FlagTable,
  group: string,
  error: FlagError,
): number {
  writeError(`${error.message}\nSee '${program} ${group && `${group} `}--help'.`)
  if (group === '') printOverview(program, globals, false, { write: writeErr })
  else printGroup(program, group, { write: writeErr })
  writeErr('\n')
  return 125
}
