import type { CommandSpec } from '../command-spec.ts'
import { commands, findCommand, groups } from '../commands.ts'
import { globalFlags } from '../flags/global.ts'
import type { FlagTable } from '../flags/spec.ts'
import type { Candidate, Completion } from './candidate.ts'
import { flagValues, wantsFile } from './flag-values.ts'
import type { Names } from './names.ts'
import { operandValues } from './operands.ts'
import { locate } from './words.ts'

const NOTHING: Completion = { candidates: [], files: false }

/** What the last of the words may become; `words` begin after the program's name. */
export function complete(words: readonly string[], names: Names): Completion {
  const current = words.at(-1) ?? ''
  const before = words.slice(0, -1)
  const global = locate({ flags: () => globalFlags, stopAtOperand: true }, before)
  if (global.operands.length === 0) return atStart(current, global.flag)
  const called = [...global.operands]
  if (called[0] === 'help') return only(current, nextNames(called.slice(1)))
  if (called.length === 1 && (called[0] ?? '') in groups) return only(current, nextNames(called))
  const found = findCommand(called)
  if (!found) return NOTHING
  return inCommand(found.command, found.rest, current, names)
}

function atStart(current: string, flag: string | undefined): Completion {
  if (flag !== undefined) return { candidates: [], files: flag === 'config' }
  return only(current, current.startsWith('-') ? flagsOf(globalFlags) : nextNames([]))
}

/** The words that may follow in a command's name. */
function nextNames(words: readonly string[]): Candidate[] {
  const [group] = words
  if (group !== undefined) {
    return commands.flatMap(({ names, summary }) =>
      names
        .filter((name) => name.startsWith(`${group} `))
        .map((name) => ({ text: name.slice(group.length + 1), description: summary })),
    )
  }
  const top = commands.flatMap(({ names, summary }) =>
    names
      .filter((name) => !name.includes(' '))
      .map((name) => ({ text: name, description: summary })),
  )
  const grouped = Object.entries(groups).map(([text, description]) => ({ text, description }))
  return [...top, ...grouped, { text: 'help', description: 'Help about any command' }]
}

function inCommand(
  command: CommandSpec,
  rest: readonly string[],
  current: string,
  names: Names,
): Completion {
  const { operands, flag, flagsAllowed } = locate(command, rest)
  if (flag !== undefined) return valuesOf(command, flag, current, '', names)
  const assigned = /^--([^=]+)=(.*)$/s.exec(current)
  if (flagsAllowed && assigned) {
    const [, name = '', value = ''] = assigned
    return valuesOf(command, name, value, `--${name}=`, names)
  }
  if (flagsAllowed && current.startsWith('-')) return only(current, flagsOf(command.flags()))
  return operandValues(command, operands, current, names)
}

function valuesOf(
  command: CommandSpec,
  flag: string,
  current: string,
  prefix: string,
  names: Names,
): Completion {
  const name = command.flags()[flag]?.aliasOf ?? flag
  const values = flagValues(command, name, names).filter((text) => text.startsWith(current))
  return { candidates: values.map((text) => ({ text: prefix + text })), files: wantsFile(name) }
}

function flagsOf(flags: FlagTable): Candidate[] {
  const shown = Object.entries(flags).filter(([, { hidden }]) => !hidden)
  const long = shown.map(([name, { summary }]) => ({ text: `--${name}`, description: summary }))
  const short = shown.flatMap(([, { short: letter, summary }]) =>
    letter ? [{ text: `-${letter}`, description: summary }] : [],
  )
  return [...long, ...short, { text: '--help', description: 'Print usage' }]
}

const only = (current: string, candidates: Candidate[]): Completion => ({
  candidates: candidates.filter(({ text }) => text.startsWith(current)),
  files: false,
})
