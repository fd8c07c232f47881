import { splitCsv } from '../../core/csv.ts'
import { LighterError } from '../../core/errors.ts'
import type { OutputSpec } from '../options.ts'
import { badSpec, parseFields } from '../spec/fields.ts'

const TYPES: Readonly<Record<string, OutputSpec['type']>> = {
  image: 'image',
  registry: 'registry',
  docker: 'docker',
  oci: 'oci',
  local: 'local',
  tar: 'tar',
  cacheonly: 'cacheonly',
}

/**
 * Parses `--output` values: `type=TYPE,KEY=VALUE…`; a path alone is a directory, `-` an archive on standard output. An empty list is
 * the usual image. Throws `usage` and `build` with Docker's sentences.
 */
export const parseOutputs = (texts: readonly string[]): OutputSpec[] => texts.map(parseOutput)

export function parseOutput(text: string): OutputSpec {
  const fields = splitCsv(text)
  if (fields.length === 1 && fields[0] === text && !text.startsWith('type=')) {
    const destination = text
    return { type: text === '-' ? 'tar' : 'local', destination, attributes: {} }
  }
  let wanted = ''
  let destination: string | undefined
  const attributes: Record<string, string> = {}
  for (const [key, value] of parseFields(text)) {
    const name = key.trim()
    if (name === 'type') wanted = value
    else if (name === 'dest') destination = value === '' ? undefined : value
    else attributes[name] = value
  }
  if (wanted === '') throw badSpec('type is required for output')
  const type = Object.hasOwn(TYPES, wanted) ? TYPES[wanted] : undefined
  if (!type) {
    throw new LighterError('build', `exporter ${JSON.stringify(wanted)} could not be found`)
  }
  return { type, destination, attributes }
}
