import { isSystemError, LighterError, systemErrorReason } from '../../core/errors.ts'
import { readSmallFile } from '../../fs/read.ts'
import type { Source } from './hcl/source.ts'

/** Where definitions are looked for where nobody says so, the later ones over the earlier ones. */
const USUAL = [
  'compose.yaml',
  'compose.yml',
  'docker-compose.yml',
  'docker-compose.yaml',
  'docker-bake.json',
  'docker-bake.override.json',
  'docker-bake.hcl',
  'docker-bake.override.hcl',
]
const MAX_FILE = 16 * 1024 * 1024
/** Definitions are read from the caller's directory, wherever they are from. */
const CALLER = 'cwd://'

/**
 * The definition files: those that are named (`-`: what `readInput` gives), else the usual ones of the directory. Throws `usage`, as buildx
 * says it.
 */
export function readDefinitionFiles(names: readonly string[], readInput: () => Buffer): Source[] {
  if (names.length === 0) {
    const found = USUAL.flatMap((name) => {
      const text = read(name)
      return text === undefined ? [] : [{ name, text }]
    })
    if (found.length > 0) return found
    throw bad("couldn't find a bake definition")
  }
  return names.map((given) => {
    const name = given.startsWith(CALLER) ? given.slice(CALLER.length) : given
    const text = name === '-' ? readInput().toString('utf8') : read(name)
    if (text === undefined) throw bad(`open ${name}: no such file or directory`)
    return { name, text }
  })
}

function read(name: string): string | undefined {
  try {
    return readSmallFile(name, MAX_FILE)?.toString('utf8')
  } catch (error) {
    throw isSystemError(error) ? bad(`open ${name}: ${systemErrorReason(error)}`) : error
  }
}

const bad = (message: string): LighterError => new LighterError('usage', message)
