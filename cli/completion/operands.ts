import type { CommandSpec } from '../command-spec.ts'
import type { Completion } from './candidate.ts'
import type { ContainerKind, Names } from './names.ts'

/** Commands that are of use for some containers only; the others take any. */
const KINDS: Readonly<Record<string, ContainerKind>> = {
  attach: 'running',
  exec: 'running',
  kill: 'running',
  pause: 'running',
  start: 'idle',
  stats: 'running',
  stop: 'running',
  top: 'running',
}

const BUILDER_VERBS: ReadonlySet<string> = new Set(
  ['inspect', 'rm', 'stop', 'use'].map((verb) => `buildx ${verb}`),
)

/** What an operand may be: the usage line says what stands at its place. */
export function operandValues(
  command: CommandSpec,
  operands: readonly string[],
  current: string,
  names: Names,
): Completion {
  const word = placeOf(command, operands.length)
  const among = (texts: string[]): Completion => ({
    candidates: texts
      .filter((text) => text.startsWith(current) && !operands.includes(text))
      .map((text) => ({ text })),
    files: false,
  })
  const verb = command.names.at(-1)?.split(' ').at(-1) ?? ''
  if (/CONTAINER:/.test(word)) {
    const containers = names.containers('any').map((name) => `${name}:`)
    return { ...among(containers), files: true }
  }
  if (/NAME\|ID/.test(word)) {
    return among([
      ...names.containers('any'),
      ...names.images(),
      ...names.networks(),
      ...names.volumes(),
    ])
  }
  if (/CONTAINER/.test(word)) return among(names.containers(KINDS[verb] ?? 'any'))
  if (/IMAGE|REPOSITORY|NAME\[:TAG/.test(word)) return among(names.images())
  if (word.includes('NAME') && BUILDER_VERBS.has(command.names[0])) return among(names.builders())
  if (/VOLUME/.test(word)) return among(names.volumes())
  if (/NETWORK/.test(word)) return among(verb === 'create' ? [] : names.networks())
  return { candidates: [], files: /COMMAND|ARG|PATH|file|URL/.test(word) }
}

/** The word of the usage line for the operand of this number; the last one goes on where it may be repeated. */
function placeOf({ usage, operands: [, most] }: CommandSpec, index: number): string {
  if (index >= most) return ''
  const [first = ''] = usage.split('\n')
  const places = first.replace('[OPTIONS]', '').trim().split(/\s+/)
  const last = places.at(-1) ?? ''
  return places[index] ?? (/\.\.\.|ARG/.test(last) ? last : '')
}
