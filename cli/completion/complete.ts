import type { CommandSpec } from '../command-spec.ts'
import { commands, findCommand, groups, splitGroup } from '../commands.ts'
import { globalFlags } from '../flags/global.ts'
import type { FlagTable } from '../flags/spec.ts'
import type { Candidate, Completion } from './candidate.ts'
import { flagValues, wantsFile } from './flag-values.ts'
import type { Names } from './names.ts'
import { operandValues } from './operands.ts'
import { locate } from './words.ts'

const NOTHING: Completion = { candidates: [], files: false }

/** What the last of the words may become; `words` begin after the program's name. `plugins`: commands that they add. */
export function complete(
  words: readonly string[],
  names: Names,
  plugins: readonly string[] = [],
): Completion {
  const current = words.at(-1) ?? ''
  const before = words.slice(0, -1)
  const global = locate({ flags: () => globalFlags, stopAtOperand: true }, before)
  if (global.operands.length === 0) return atStart(current, global.flag, plugins)
  const called = [...global.operands]
  if (called[0] === 'help') return only(current, nextNames(called.slice(1)))
  const { group, rest } = splitGroup(called)
  if (group !== '' && rest.length === 0) return only(current, nextNames([group]))
  const found = findCommand(called)
  if (!found) return NOTHING
  return inCommand(found.command, found.rest, current, names)
}

function atStart(
  current: string,
  flag: string | undefined,
  plugins: readonly string[],
): Completion {
  if (flag !== undefined) return { candidates: [], files: flag === 'config' }
  const names = [...nextNames([]), ...plugins.map((text) => ({ text }))]
  return only(current, current.startsWith('-') ? flagsOf(globalFlags) : names)
}

/** The words that may follow in a command's name. */
function nextNames(words: readonly string[]): Candidate[] {
  const prefix = words.map((word) => `${word} `).join('')
  const named = [
    ...commands.flatMap(({ names, summary }) => names.map((name) => [name, summary] as const)),
    ...Object.entries(groups),
  ]
  const next = named
    .filter(([name]) => name.startsWith(prefix) && !name.slice(prefix.length).includes(' '))
    .map(([name, description]) => ({ text: name.slice(prefix.length), description }))
  return prefix === '' ? [...next, { text: 'help', description: 'Help about any command' }] : next
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
