import { statSync } from 'node:fs'
import { LighterError, systemErrorText } from '../../core/errors.ts'
import type { SecretSource } from '../options.ts'
import { badSpec, parseFields } from './fields.ts'

/** Bytes of the longest secret. */
export const MAX_SECRET = 500 * 1024

/**
 * Parses a `--secret`: `id=NAME[,type=file|env][,src=PATH][,env=VARIABLE]`. Without a source it is the variable that is called as the
 * id, or else a file of that name, which has to be there. Throws `usage`.
 */
export function parseSecret(
  text: string,
  environment: Readonly<Record<string, string | undefined>>,
): SecretSource {
  let type = ''
  let id = ''
  let file = ''
  let variable = ''
  for (const [key, value, field] of readFields(text)) {
    if (key === 'id') id = value
    else if (key === 'src' || key === 'source') file = value
    else if (key === 'env') variable = value
    else if (key !== 'type') throw badSpec(`unexpected key '${key}' in '${field}'`)
    else if (value !== 'file' && value !== 'env') {
      throw badSpec(`unsupported secret type "${value}"`)
    } else type = value
  }
  if (id === '') throw badSpec('secret missing ID')
  if (type === 'env' && variable === '') {
    variable = file
    file = ''
  }
  if (variable === '' && file === '' && environment[id] !== undefined) variable = id
  if (variable !== '') return { id, env: variable }
  checkFile(id, file || id)
  return { id, file: file || id }
}

function checkFile(id: string, file: string): void {
  try {
    if (statSync(file).size > MAX_SECRET) throw badSpec(`secret ${id} too big. max size 500KB`)
  } catch (error) {
    if (error instanceof LighterError) throw error
    throw badSpec(`failed to stat ${file}: ${systemErrorText(error)}`)
  }
}

function readFields(text: string): ReturnType<typeof parseFields> {
  const complain = (field: string): string => `invalid field '${field}' must be a key=value pair`
  try {
    return parseFields(text, complain)
  } catch (error) {
    if (!(error instanceof LighterError) || error.message.startsWith('invalid field')) throw error
    throw badSpec(`failed to parse csv secret: ${error.message}`)
  }
}
