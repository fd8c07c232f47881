/** Manual pages, made of the table of commands: they say what `--help` says. */
import type { CommandSpec } from '../../cli/command-spec.ts'
import { commands, groups } from '../../cli/commands.ts'
import { globalFlags } from '../../cli/flags/global.ts'
import type { FlagSpec, FlagTable } from '../../cli/flags/spec.ts'
import { typeName } from '../../cli/help.ts'

export interface Page {
  /** `lighter-container-ls.1` */
  file: string
  text: string
}

/** Every page: the program, and each command under its longest name; its other names are links to it. */
export const manualPages = (version: string): Page[] => [
  { file: 'lighter.1', text: overview(version) },
  ...commands.flatMap((command) => commandPages(command, version)),
]

function commandPages(command: CommandSpec, version: string): Page[] {
  const [first, ...aliases] = command.names.map(pageName)
  return [
    { file: `${first}.1`, text: commandPage(command, version) },
    ...aliases.map((alias) => ({ file: `${alias}.1`, text: `.so man1/${first}.1\n` })),
  ]
}

const pageName = (name: string): string => `lighter-${name.replaceAll(' ', '-')}`

function commandPage(command: CommandSpec, version: string): string {
  const [name] = command.names
  const usage = command.usage.split('\n').map((line) => line.trim())
  return page(pageName(name), version, [
    ['NAME', `${roff(pageName(name))} \\- ${roff(command.summary)}`],
    ['SYNOPSIS', usage.map((line) => `.B lighter ${name}\n${roff(line)}`).join('\n.br\n')],
    ['OPTIONS', flagList(command.flags())],
    ['NAMES', command.names.map((alias) => `.B lighter ${alias}`).join('\n.br\n')],
    ['SEE ALSO', '.BR lighter (1)'],
  ])
}

function overview(version: string): string {
  const entries = commands.map(({ names, summary }) => item(`.B ${names.at(-1)}`, summary))
  const managed = Object.entries(groups).map(([name, text]) => item(`.B ${name}`, text))
  return page('lighter', version, [
    ['NAME', 'lighter \\- containers without a daemon and without root'],
    ['SYNOPSIS', '.B lighter\n[OPTIONS] COMMAND [ARG...]'],
    ['OPTIONS', flagList(globalFlags)],
    ['MANAGEMENT COMMANDS', managed.join('')],
    ['COMMANDS', entries.join('')],
    ['SEE ALSO', commands.map(({ names: [name] }) => `.BR ${pageName(name)} (1)`).join(',\n')],
  ])
}

function page(name: string, version: string, sections: [string, string][]): string {
  const body = sections
    .filter(([, text]) => text !== '')
    .map(([head, text]) => `.SH ${head}\n${text.trimEnd()}\n`)
  return `.TH ${name.toUpperCase()} 1 "" "lighter ${version}" "lighter"\n${body.join('')}`
}

function flagList(flags: FlagTable): string {
  return Object.entries(flags)
    .filter(([, { hidden }]) => !hidden)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, spec]) => item(`.B ${flagHead(name, spec)}`, spec.summary))
    .join('')
}

function flagHead(name: string, spec: FlagSpec): string {
  const short = spec.short ? `\\-${spec.short}, ` : ''
  const value = spec.placeholder ?? typeName(spec.type)
  return `${short}\\-\\-${name.replaceAll('-', '\\-')}${value && ` ${value}`}`
}

const item = (head: string, text: string): string => `.TP\n${head}\n${roff(text)}\n`

/** Text as roff takes it: no request at the beginning of a line, no escape anywhere. */
const roff = (text: string): string =>
  text
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replace(/^([.'])/gm, '\\&$1')
