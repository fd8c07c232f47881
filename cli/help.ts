import type { CommandSpec } from './command-spec.ts'
import { commands, findCommand, groupFlags, groups, splitGroup } from './commands.ts'
import type { FlagSpec, FlagTable } from './flags/spec.ts'
import { writeErr, writeOut } from './output/write.ts'

interface Out {
  write(text: string): unknown
}

const COMMON = ['run', 'exec', 'ps', 'build', 'pull', 'images', 'version', 'info', 'doctor']
const MAX_WIDTH = 80

/** The overall `--help`, with the commands of plugins. */
export async function printHelp(
  program: string,
  globals: FlagTable,
  deprecated: boolean,
  out: Out = { write: writeOut },
): Promise<number> {
  const { pluginRows } = await import('./plugins/rows.ts')
  return printOverview(program, globals, deprecated, out, await pluginRows())
}

/** What there is. `plugins`: more groups, with what they are for. */
export function printOverview(
  program: string,
  globals: FlagTable,
  deprecated: boolean,
  out: Out = { write: writeOut },
  plugins: readonly [string, string][] = [],
): number {
  if (deprecated) noteDeprecated(out)
  const top = commands
    .map((command) => ({ command, name: command.names.find((name) => !name.includes(' ')) }))
    .filter((entry): entry is { command: CommandSpec; name: string } => entry.name !== undefined)
  const common = COMMON.flatMap((name) => top.filter((entry) => entry.name === name))
  const others = top.filter((entry) => !COMMON.includes(entry.name))
  const list = (entries: { command: CommandSpec; name: string }[]): [string, string][] =>
    entries.map(({ name, command }) => [name, command.summary])
  out.write(`
Usage:  ${program} [OPTIONS] COMMAND

Containers without a daemon and without root

Common Commands:
${twoColumns(list(common))}
Management Commands:
${twoColumns(sorted([...Object.entries(groups).filter(([name]) => !name.includes(' ')), ...plugins]))}
Commands:
${twoColumns(sorted(list(others)))}
Global Options:
${flagLines(globals)}
Run '${program} COMMAND --help' for more information on a command.
`)
  return 0
}

/** `help run`, `help container ls`, `help container`. */
export async function printHelpFor(
  program: string,
  globals: FlagTable,
  words: string[],
): Promise<number> {
  if (words.length === 0) return await printHelp(program, globals, false)
  const found = findCommand(words)
  const { group, rest } = splitGroup(words)
  const unknown = found ? found.rest : rest
  if (unknown.length > 0) {
    writeErr(`unknown help topic: ${unknown.join(' ')}\n`)
    return 1
  }
  if (found) return printCommand(program, found.command, found.name, false)
  return printGroup(program, group)
}

/** `container --help` and its like. */
export function printGroup(program: string, group: string, out: Out = { write: writeOut }): number {
  const flags = flagLines(groupFlags[group] ?? {})
  out.write(`
Usage:  ${program} ${group} ${flags && '[OPTIONS] '}COMMAND

${groups[group] ?? ''}
${flags && `\nOptions:\n${flags}`}
Commands:
${twoColumns(verbsOf(group))}
Run '${program} ${group} COMMAND --help' for more information on a command.
`)
  return 0
}

/** What is in a group: its commands, and the groups in it. */
function verbsOf(group: string): [string, string][] {
  const named: [string, string][] = [
    ...commands.flatMap(({ names, summary }) => {
      const name = names.find((candidate) => candidate.startsWith(`${group} `))
      return name ? [[name, summary] as [string, string]] : []
    }),
    ...Object.entries(groups).filter(([name]) => name.startsWith(`${group} `)),
  ]
  return named
    .map(([name, summary]): [string, string] => [name.slice(group.length + 1), summary])
    .filter(([verb]) => !verb.includes(' '))
    .sort(([a], [b]) => a.localeCompare(b))
}

/** `COMMAND --help`. */
export function printCommand(
  program: string,
  command: CommandSpec,
  name: string,
  deprecated: boolean,
): number {
  if (deprecated) noteDeprecated({ write: writeOut })
  const usage = command.usage && ` ${command.usage}`
  const parts = [`Usage:  ${program} ${name}${usage}`, command.summary]
  if (command.names.length > 1) {
    parts.push(`Aliases:\n  ${command.names.map((alias) => `${program} ${alias}`).join(', ')}`)
  }
  const flags = flagLines(command.flags())
  if (flags) parts.push(`Options:\n${flags.trimEnd()}`)
  writeOut(`\n${parts.join('\n\n')}\n`)
  return 0
}

/** Said in front of what the help is about. */
export const noteDeprecated = (out: Out): void =>
  void out.write('Flag shorthand -h has been deprecated, please use --help\n')

const sorted = (rows: [string, string][]): [string, string][] =>
  rows.sort(([a], [b]) => a.localeCompare(b))

function twoColumns(rows: [string, string][]): string {
  const width = Math.max(11, ...rows.map(([name]) => name.length))
  return rows.map(([name, text]) => `  ${name.padEnd(width)} ${text}\n`).join('')
}

function flagLines(flags: FlagTable): string {
  const rows = Object.entries(flags)
    .filter(([, spec]) => !spec.hidden)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, spec]): [string, string] => [
      flagHead(name, spec),
      spec.summary + defaultNote(spec),
    ])
  const width = Math.max(0, ...rows.map(([head]) => head.length)) + 3
  return rows
    .map(([head, text]) => {
      const lines = wrap(text, MAX_WIDTH - width)
      return `${head.padEnd(width)}${lines.join(`\n${' '.repeat(width)}`)}\n`
    })
    .join('')
}

function flagHead(name: string, spec: FlagSpec): string {
  const short = spec.short ? `  -${spec.short}, ` : '      '
  const type = spec.placeholder ?? typeName(spec.type)
  return `${short}--${name}${type && ` ${type}`}`
}

/** What the reader knows a type by. */
export function typeName(type: FlagSpec['type']): string {
  if (type === 'bool') return ''
  if (type === 'swap') return 'bytes'
  return type === 'strings' ? 'list' : type
}

function defaultNote(spec: FlagSpec): string {
  if (spec.shownDefault !== undefined) return ` (default ${spec.shownDefault})`
  if (spec.default === undefined || spec.default === false) return ''
  const shown = typeof spec.default === 'string' ? JSON.stringify(spec.default) : spec.default
  return ` (default ${shown})`
}

/** A rest that is a little longer stays on its line: pflag's rule. */
const SLOP = 5

function wrap(text: string, width: number): string[] {
  const lines: string[] = []
  let rest = text
  while (rest.length >= width) {
    const at = rest.slice(0, width - SLOP).lastIndexOf(' ')
    if (at <= 0) break
    lines.push(rest.slice(0, at))
    rest = rest.slice(at + 1)
  }
  return [...lines, rest]
}
