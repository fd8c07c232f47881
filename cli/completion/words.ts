import type { CommandSpec } from '../command-spec.ts'
import type { FlagSpec, FlagTable } from '../flags/spec.ts'

/** What stands before the word that is being completed. */
export interface Position {
  operands: readonly string[]
  /** The flag whose value is being completed. */
  flag: string | undefined
  /** Whether a flag may stand here. */
  flagsAllowed: boolean
}

/** Walks the words after a command's name as the parser does, without asking whether they are right. */
export function locate(
  command: Pick<CommandSpec, 'flags' | 'stopAtOperand'>,
  words: readonly string[],
): Position {
  const operands: string[] = []
  let flagsAllowed = true
  for (let index = 0; index < words.length; index++) {
    const word = words[index] ?? ''
    if (flagsAllowed && word === '--') flagsAllowed = false
    else if (flagsAllowed && word.length > 1 && word.startsWith('-')) {
      const flag = flagWithoutValue(command.flags(), word)
      if (flag === undefined) continue
      if (index === words.length - 1) return { operands, flag, flagsAllowed }
      index++
    } else {
      operands.push(word)
      if (command.stopAtOperand) flagsAllowed = false
    }
  }
  return { operands, flag: undefined, flagsAllowed }
}

/** The flag of this word that takes the next one as its value. */
function flagWithoutValue(flags: FlagTable, word: string): string | undefined {
  if (word.startsWith('--')) {
    const name = word.slice(2)
    return takesValue(flags[name]) ? name : undefined
  }
  const letters = [...word.slice(1)]
  const at = letters.findIndex((letter) => takesValue(findShort(flags, letter)?.[1]))
  return at >= 0 && at === letters.length - 1 ? findShort(flags, letters[at])?.[0] : undefined
}

const takesValue = (spec: FlagSpec | undefined): boolean =>
  spec !== undefined && spec.type !== 'bool'

const findShort = (flags: FlagTable, letter: string | undefined): [string, FlagSpec] | undefined =>
  Object.entries(flags).find(([, { short }]) => short === letter)
