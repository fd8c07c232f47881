import type { CommandSpec } from './command-spec.ts'
import type { FlagTable } from './flags/spec.ts'
import { bakeCommands } from './table/bake.ts'
import { buildCommands } from './table/build.ts'
import { builder } from './table/builder-flag.ts'
import { contextCommands } from './table/contexts.ts'
import { fileCommands } from './table/files.ts'
import { imageCommands } from './table/images.ts'
import { lifecycleCommands } from './table/lifecycle.ts'
import { imagetoolsCommands, manifestCommands } from './table/manifests.ts'
import { networkCommands } from './table/networks.ts'
import { readingCommands } from './table/reading.ts'
import { registryCommands } from './table/registry.ts'
import { systemCommands } from './table/system.ts'
import { trustCommands } from './table/trust.ts'
import { volumeCommands } from './table/volumes.ts'

/** Every command. The module behind each is loaded only when it is called. */
export const commands: readonly CommandSpec[] = [
  ...lifecycleCommands,
  ...readingCommands,
  ...fileCommands,
  ...imageCommands,
  ...buildCommands,
  ...bakeCommands,
  ...registryCommands,
  ...manifestCommands,
  ...imagetoolsCommands,
  ...networkCommands,
  ...trustCommands,
  ...volumeCommands,
  ...contextCommands,
  ...systemCommands,
]

/** What groups are for; a group may be in another. */
export const groups: Readonly<Record<string, string>> = {
  builder: 'Manage builds',
  buildx: 'Docker Buildx',
  'buildx imagetools': 'Look at images in registries, and make others of them',
  container: 'Manage containers',
  context: 'Manage contexts',
  image: 'Manage images',
  manifest: 'Manage image manifests and manifest lists',
  network: 'Manage networks',
  system: 'Manage Docker',
  trust: 'Manage trust on Docker images',
  'trust key': 'Manage keys for signing Docker images',
  'trust signer': 'Manage entities who can sign Docker images',
  volume: 'Manage volumes',
}

/** Flags that a group has for all that is in it: they may stand anywhere in the words that lead to a command. */
export const groupFlags: Readonly<Record<string, FlagTable>> = {
  builder: { builder },
  buildx: { builder },
  'buildx imagetools': { builder },
}

/**
 * Docker calls `image remove` in its answers what it is an alias of: `image rm`. `rmi` is a command of its own; `build` is not, but handed
 * over to `buildx build`.
 */
function canonicalName({ names }: CommandSpec, name: string): string {
  const plugin = names.find((own) => own.startsWith('buildx '))
  if (plugin) return plugin
  const group = name.slice(0, name.lastIndexOf(' ') + 1)
  return group === '' ? name : (names.find((own) => own.startsWith(group)) ?? name)
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
  const { group, flags, rest } = splitGroup(words)
  const [verb = '', ...others] = rest
  const name = group === '' ? verb : `${group} ${verb}`
  const command = commands.find((candidate) => candidate.names.includes(name))
  return command && { command, name: canonicalName(command, name), rest: [...flags, ...others] }
}

/** The group that the words begin with, `''` for none; the flags of the group among them; what follows. */
export function splitGroup(words: readonly string[]): {
  group: string
  flags: string[]
  rest: string[]
} {
  const rest = [...words]
  const flags: string[] = []
  let group = ''
  for (;;) {
    const count = countFlag(group, rest)
    const inner = group === '' ? (rest[0] ?? '') : `${group} ${rest[0]}`
    if (count > 0) flags.push(...rest.splice(0, count))
    else if (Object.hasOwn(groups, inner)) {
      group = inner
      rest.shift()
    } else return { group, flags, rest }
  }
}

/** Whether a command of our own, or a group of them, begins with the word: no plugin can have it. */
export const isOwnWord = (word: string): boolean =>
  Object.hasOwn(groups, word) || commands.some(({ names }) => names.includes(word))

/** How many words the flag of a group takes that is the first of these; 0 where none is. */
function countFlag(group: string, [word = '', value]: readonly string[]): number {
  const [, name = '', assigned] = /^--([^=]+)(=)?/s.exec(word) ?? []
  if (!Object.hasOwn(groupFlags[group] ?? {}, name)) return 0
  return assigned !== undefined || value === undefined ? 1 : 2
}
