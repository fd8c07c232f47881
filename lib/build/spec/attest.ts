import { parseTruth } from '../../core/truth.ts'
import type { AttestSpec } from '../options.ts'
import { badSpec, parseFields } from './fields.ts'

/** Parses an `--attest`: `type=TYPE[,disabled=BOOL],KEY=VALUE…`. Throws `usage`. */
export function parseAttest(text: string): AttestSpec {
  let type = ''
  let disabled = false
  const attributes: Record<string, string> = {}
  for (const [raw, value, field] of parseFields(text)) {
    const key = raw.trim()
    if (key === 'type') type = value
    else if (key !== 'disabled') attributes[key] = value
    else disabled = parseDisabled(value, field)
  }
  if (type === '') throw badSpec('attestation type not specified')
  if (type !== 'provenance' && type !== 'sbom') {
    throw badSpec(`unknown attestation type ${JSON.stringify(type)}`)
  }
  return { type, disabled, attributes }
}

/** The `--attest` that `--provenance` or `--sbom` is short for: a truth value, or attributes. `''`: none. */
export function expandAttest(type: AttestSpec['type'], text: string): string {
  if (text === '') return ''
  const wanted = parseTruth(text)
  return wanted === undefined ? `type=${type},${text}` : `type=${type},disabled=${!wanted}`
}

/** All that a build was given. Throws `usage` where a type is there twice. */
export function parseAttests(texts: readonly string[]): AttestSpec[] {
  const specs = texts.map(parseAttest)
  for (const [index, { type }] of specs.entries()) {
    if (specs.findIndex((other) => other.type === type) < index) {
      throw badSpec(`duplicate attestation field ${type}`)
    }
  }
  return specs
}

function parseDisabled(value: string, field: string): boolean {
  const truth = parseTruth(value)
  if (truth !== undefined) return truth
  throw badSpec(
    `invalid value ${field}: strconv.ParseBool: parsing ${JSON.stringify(value)}: invalid syntax`,
  )
}
