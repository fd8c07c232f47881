import { splitCsv } from '../../core/csv.ts'
import type { CacheSpec } from '../options.ts'
import { badSpec, parseFields } from './fields.ts'

/** Parses a `--cache-from` or `--cache-to`: `type=TYPE,KEY=VALUE…`, or a name alone, which is of a registry. Throws `usage`. */
export function parseCacheSpec(text: string): CacheSpec {
  const [first = '', ...more] = splitCsv(text)
  if (more.length === 0 && !first.includes('=')) {
    return { type: 'registry', attributes: { ref: first } }
  }
  let type = ''
  const attributes: Record<string, string> = {}
  for (const [key, value] of parseFields(text)) {
    if (key === 'type') type = value
    else attributes[key] = value
  }
  if (type === '') throw badSpec(`type required form> ${JSON.stringify(text)}`)
  return { type, attributes }
}
