import type { CommandSpec } from './command-spec.ts'
import { fileCommands } from './table/files.ts'
import { imageCommands } from './table/images.ts'
import { lifecycleCommands } from './table/lifecycle.ts'
import { networkCommands } from './table/networks.ts'
import { readingCommands } from './table/reading.ts'
import { registryCommands } from './table/registry.ts'
import { systemCommands } from './table/system.ts'
import { volumeCommands } from './table/volumes.ts'

/** Every command. The module behind each is loaded only when it is called. */
export const commands: readonly CommandSpec[] = [
  ...lifecycleCommands,
  ...readingCommands,
  ...fileCommands,
  ...imageCommands,
  ...registryCommands,
  ...networkCommands,
  ...volumeCommands,
  ...systemCommands,
]

export const groups: Readonly<Record<string, string>> = {
  container: 'Manage containers',
  image: 'Manage images',
  network: 'Manage networks',
  system: 'Manage Docker',
  volume: 'Manage volumes',
}

/** Docker calls `image remove` in its answers what it is an alias of: `image rm`. `rmi` is a command of its own. */
function canonicalName({ names }: CommandSpec, name: string): string {
  const group = name.split(' ')[0]
  return name.includes(' ') ? (names.find((own) => own.split(' ')[0] === group) ?? name) : name
}

export interface FoundCommand {
  command: CommandSpec
  /** As it was called, without aliases in a group: `container ls` or `ps`. */
  name: string
  /** What follows the name. */
  rest: string[]
}

/** Finds the command that the words begin with, `['container', 'ls', …]` or `['ps', …]`. */
export function findCommand(words: string[]): FoundCommand | undefined {
  const [first = '', second = ''] = words
  const depth = Object.hasOwn(groups, first) ? 2 : 1
  const name = depth === 2 ? `${first} ${second}` : first
  const command = commands.find((candidate) => candidate.names.includes(name))
  return command && { command, name: canonicalName(command, name), rest: words.slice(depth) }
}
