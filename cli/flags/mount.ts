import { type MountRequest, normalizeDestination } from '../../lib/container/mount-request.ts'
import { LighterError } from '../../lib/core/errors.ts'
import { checkVolumeName } from '../../lib/volume/volume.ts'
import { FlagError } from '../parse.ts'

type Fields = Map<string, string>

const KEYS: Readonly<Record<string, string>> = {
  type: 'type',
  source: 'source',
  src: 'source',
  destination: 'target',
  dst: 'target',
  target: 'target',
  readonly: 'readonly',
  ro: 'readonly',
  'bind-propagation': 'bind-propagation',
  'volume-nocopy': 'volume-nocopy',
  'tmpfs-size': 'tmpfs-size',
  'tmpfs-mode': 'tmpfs-mode',
}

/** Parses the value of `--mount`. Throws with Docker's sentences. */
export function parseMount(text: string): MountRequest {
  const complain = (reason: string): FlagError =>
    new FlagError(`invalid argument "${text}" for "--mount" flag: ${reason}`)
  const fields = readFields(text, complain)
  const type = fields.get('type') ?? 'volume'
  const target = fields.get('target')
  if (!target) throw complain('target is required')
  checkForeignFields(fields, type, complain)
  const bad = (reason: string): LighterError =>
    new LighterError('bad-input', `invalid mount config for type "${type}": ${reason}`)
  if (type !== 'bind' && type !== 'volume' && type !== 'tmpfs') throw bad('mount type unknown')
  const destination = normalizeDestination(target, bad)
  const readOnly = isTrue(fields.get('readonly'))
  const source = fields.get('source') ?? ''
  switch (type) {
    case 'bind':
      return {
        ...bindFields(fields, source, bad),
        type,
        destination,
        readOnly,
      }
    case 'volume':
      if (source !== '') checkVolumeName(source)
      return {
        type,
        name: source,
        destination,
        readOnly,
        mode: '',
        copy: !isTrue(fields.get('volume-nocopy')),
      }
    case 'tmpfs':
      if (source !== '') throw bad('field Source must not be specified')
      return { type, destination, readOnly, options: tmpfsOptions(fields, readOnly) }
  }
}

function readFields(text: string, complain: (reason: string) => FlagError): Fields {
  const fields: Fields = new Map()
  for (const field of text.split(',')) {
    const equals = field.indexOf('=')
    const written = (equals < 0 ? field : field.slice(0, equals)).toLowerCase()
    const key = Object.hasOwn(KEYS, written) ? KEYS[written] : undefined
    const bare = key === 'readonly' || key === 'volume-nocopy'
    if (equals < 0 && !bare) throw complain(`invalid field '${field}' must be a key=value pair`)
    if (!key) throw complain(`unexpected key '${written}' in '${field}'`)
    const value = equals < 0 ? 'true' : field.slice(equals + 1)
    if (bare && !/^(1|t|T|TRUE|true|True|0|f|F|FALSE|false|False)$/.test(value)) {
      throw complain(`invalid value for ${written}: ${value}`)
    }
    if (key === 'tmpfs-mode' && !/^[0-7]+$/.test(value)) {
      throw complain(`invalid value for ${written}: ${value}`)
    }
    if (key === 'tmpfs-size' && !/^\d+(\.\d+)?\s?([kmgtp]i?)?b?$/i.test(value)) {
      throw complain(`invalid value for ${written}: ${value}`)
    }
    fields.set(key, key === 'type' ? value.toLowerCase() : value)
  }
  return fields
}

function checkForeignFields(
  fields: Fields,
  type: string,
  complain: (reason: string) => FlagError,
): void {
  for (const key of fields.keys()) {
    const owner = /^(bind|volume|tmpfs)-/.exec(key)?.[1]
    if (owner && owner !== type)
      throw complain(`cannot mix '${owner}-*' options with mount type '${type}'`)
  }
}

function bindFields(
  fields: Fields,
  source: string,
  bad: (reason: string) => LighterError,
): {
  source: string
  propagation: string
  recursive: boolean
  mode: string
  createSource: boolean
} {
  if (source === '') throw bad('field Source must not be empty')
  if (!source.startsWith('/'))
    throw bad(`invalid mount path: '${source}' mount path must be absolute`)
  const propagation = fields.get('bind-propagation') ?? 'rprivate'
  if (!/^r?(private|shared|slave)$/.test(propagation)) {
    throw bad(`invalid propagation mode: ${propagation}`)
  }
  return { source, propagation, recursive: true, mode: '', createSource: false }
}

const UNITS = 'kmgtp'

function tmpfsOptions(fields: Fields, readOnly: boolean): string[] {
  const size = fields.get('tmpfs-size')?.toLowerCase()
  const mode = fields.get('tmpfs-mode')
  const [, number = '0', unit = ''] = /^([\d.]+)\s?([kmgtp]?)/.exec(size ?? '') ?? []
  const bytes = Math.floor(Number(number) * 1024 ** (unit === '' ? 0 : UNITS.indexOf(unit) + 1))
  return [
    ...(readOnly ? ['ro'] : []),
    ...(size === undefined ? [] : [`size=${bytes}`]),
    ...(mode === undefined ? [] : [`mode=${mode}`]),
  ]
}

const isTrue = (text: string | undefined): boolean => text !== undefined && /^(1|t)/i.test(text)
