import { resolve } from 'node:path'
import {
  type MountRequest,
  noIdMap,
  normalizeDestination,
} from '../../lib/container/mount-request.ts'
import { splitCsv } from '../../lib/core/csv.ts'
import { LighterError } from '../../lib/core/errors.ts'
import { parseSize } from '../../lib/core/size.ts'
import { parseTruth } from '../../lib/core/truth.ts'
import { FlagError } from '../parse.ts'
import { describeMount, isTrue, type MountFields } from './mount-document.ts'

/** One `--mount`: what it asks for, and how Docker's API says it. */
export interface MountFlag {
  request: MountRequest
  document: Record<string, unknown>
}

const KEYS: Readonly<Record<string, string>> = {
  type: 'type',
  source: 'source',
  src: 'source',
  destination: 'target',
  dst: 'target',
  target: 'target',
  readonly: 'readonly',
  ro: 'readonly',
  consistency: 'consistency',
  'bind-propagation': 'bind-propagation',
  'bind-nonrecursive': 'bind-nonrecursive',
  'bind-recursive': 'bind-recursive',
  'volume-nocopy': 'volume-nocopy',
  'volume-label': 'volume-label',
  'volume-driver': 'volume-driver',
  'volume-opt': 'volume-opt',
  'volume-subpath': 'volume-subpath',
  'tmpfs-size': 'tmpfs-size',
  'tmpfs-mode': 'tmpfs-mode',
  // Podman's.
  u: 'chown',
  chown: 'chown',
  idmap: 'idmap',
}

type Complain = (reason: string) => FlagError
type Bad = (reason: string) => LighterError

/** Parses the value of `--mount`. Throws with Docker's sentences. */
export function parseMount(text: string): MountFlag {
  const complain = (reason: string): FlagError =>
    new FlagError(`invalid argument ${JSON.stringify(text)} for "--mount" flag: ${reason}`)
  const fields = readFields(text, complain)
  const { single } = fields
  const type = single.get('type') ?? 'volume'
  const target = single.get('target')
  if (!target) throw complain('target is required')
  checkForeignFields(fields, type, complain)
  checkRecursion(single, complain)
  const bad: Bad = (reason) =>
    new LighterError('bad-input', `invalid mount config for type "${type}": ${reason}`)
  if (type !== 'bind' && type !== 'volume' && type !== 'tmpfs') throw bad('mount type unknown')
  const destination = normalizeDestination(target, bad)
  const place = { destination, readOnly: isTrue(single.get('readonly')) }
  return {
    request: { ...place, ...requestFields(fields, type, place.readOnly, bad) },
    document: describeMount(fields, type, target),
  }
}

function readFields(text: string, complain: Complain): MountFields {
  const fields: MountFields = { single: new Map(), labels: {}, options: {} }
  for (const field of split(text, complain)) {
    const equals = field.indexOf('=')
    const written = (equals < 0 ? field : field.slice(0, equals)).toLowerCase()
    const key = Object.hasOwn(KEYS, written) ? KEYS[written] : undefined
    const bare = key !== undefined && BARE.has(key)
    if (key === 'idmap') throw noIdMap()
    if (equals < 0 && !bare) throw complain(`invalid field '${field}' must be a key=value pair`)
    if (!key) throw complain(`unexpected key '${written}' in '${field}'`)
    const value = equals < 0 ? 'true' : field.slice(equals + 1)
    if (!isValid(key, value, bare))
      throw complain(`invalid value for ${written}: ${value}${hint(key)}`)
    if (key === 'volume-label') addPair(fields.labels, value)
    else if (key === 'volume-opt') addPair(fields.options, value)
    else fields.single.set(key, normalize(key, value))
  }
  return fields
}

function split(text: string, complain: Complain): string[] {
  try {
    return splitCsv(text)
  } catch (error) {
    if (error instanceof LighterError) throw complain(error.message)
    throw error
  }
}

/** Of paths, only those that begin with `./` are known to be of the host, as with Docker. */
function normalize(key: string, value: string): string {
  if (key === 'type') return value.toLowerCase()
  return key === 'source' && /^\.(\/|$)/.test(value) ? resolve(value) : value
}

const BARE = new Set(['readonly', 'volume-nocopy', 'bind-nonrecursive', 'chown'])
const RECURSION = new Set(['enabled', 'disabled', 'writable', 'readonly'])

function isValid(key: string, value: string, bare: boolean): boolean {
  if (bare) return parseTruth(value) !== undefined
  if (key === 'tmpfs-mode') return /^[0-7]+$/.test(value)
  if (key === 'tmpfs-size') return /^\d+(\.\d+)? ?([kmgtp])?i?b?$/i.test(value)
  return key !== 'bind-recursive' || RECURSION.has(value)
}

const hint = (key: string): string =>
  key === 'bind-recursive' ? ' (must be "enabled", "disabled", "writable", or "readonly")' : ''

function addPair(pairs: Record<string, string>, text: string): void {
  const equals = text.indexOf('=')
  if (equals < 0) pairs[text] = ''
  else pairs[text.slice(0, equals)] = text.slice(equals + 1)
}

function checkForeignFields(fields: MountFields, type: string, complain: Complain): void {
  const keys = [...fields.single.keys()]
  if (Object.keys(fields.labels).length + Object.keys(fields.options).length > 0)
    keys.push('volume-')
  for (const key of keys) {
    const owner = /^(bind|volume|tmpfs)-/.exec(key)?.[1]
    if (owner && owner !== type)
      throw complain(`cannot mix '${owner}-*' options with mount type '${type}'`)
  }
}

function checkRecursion(single: Map<string, string>, complain: Complain): void {
  if (single.get('bind-recursive') !== 'readonly') return
  const needs = (option: string): FlagError =>
    complain(`option 'bind-recursive=readonly' requires '${option}' to be specified in conjunction`)
  if (!isTrue(single.get('readonly'))) throw needs('readonly')
  if (single.get('bind-propagation') !== 'rprivate') throw needs('bind-propagation=rprivate')
}

type Requested =
  | Omit<Extract<MountRequest, { type: 'bind' }>, 'destination' | 'readOnly'>
  | Omit<Extract<MountRequest, { type: 'volume' }>, 'destination' | 'readOnly'>
  | Omit<Extract<MountRequest, { type: 'tmpfs' }>, 'destination' | 'readOnly'>

function requestFields(
  fields: MountFields,
  type: 'bind' | 'volume' | 'tmpfs',
  readOnly: boolean,
  bad: Bad,
): Requested {
  const source = fields.single.get('source') ?? ''
  switch (type) {
    case 'bind':
      return bindFields(fields.single, source, bad)
    case 'volume':
      if (source === '' && readOnly)
        throw bad('must not set ReadOnly mode when using anonymous volumes')
      return volumeFields(fields, source, bad)
    case 'tmpfs':
      if (source !== '') throw bad('field Source must not be specified')
      if (isTrue(fields.single.get('chown'))) throw bad('a tmpfs has no source to give (option U)')
      return { type, options: tmpfsOptions(fields.single, readOnly) }
  }
}

function bindFields(single: Map<string, string>, source: string, bad: Bad): Requested {
  if (source === '') throw bad('field Source must not be empty')
  if (!source.startsWith('/'))
    throw bad(`invalid mount path: '${source}' mount path must be absolute`)
  const propagation = single.get('bind-propagation') ?? 'rprivate'
  if (!/^r?(private|shared|slave)$/.test(propagation)) {
    throw bad(`invalid propagation mode: ${propagation}`)
  }
  const recursion = single.get('bind-recursive') ?? 'enabled'
  return {
    type: 'bind',
    source,
    propagation,
    recursive: recursion !== 'disabled' && !isTrue(single.get('bind-nonrecursive')),
    mode: isTrue(single.get('chown')) ? 'U' : '',
    createSource: false,
    ...(isTrue(single.get('chown')) ? { chown: true } : {}),
    ...(recursion === 'writable' ? { writableBelow: true } : {}),
  }
}

function volumeFields({ single, labels, options }: MountFields, name: string, bad: Bad): Requested {
  const subpath = single.get('volume-subpath') ?? ''
  if (subpath.startsWith('/') || subpath.split('/').includes('..')) {
    throw bad('subpath must be a relative path within the volume')
  }
  if (subpath !== '' && name === '') throw bad('must not set Subpath when using anonymous volumes')
  return {
    type: 'volume',
    name,
    mode: isTrue(single.get('chown')) ? 'z,U' : 'z',
    ...(isTrue(single.get('chown')) ? { chown: true } : {}),
    copy: !isTrue(single.get('volume-nocopy')) && subpath === '',
    ...(subpath === '' ? {} : { subpath }),
    ...(Object.keys(labels).length > 0 ? { labels } : {}),
    ...(Object.keys(options).length > 0 ? { driverOptions: options } : {}),
    ...(single.get('volume-driver') ? { driver: single.get('volume-driver') ?? '' } : {}),
  }
}

function tmpfsOptions(single: Map<string, string>, readOnly: boolean): string[] {
  const size = single.get('tmpfs-size')
  const mode = single.get('tmpfs-mode')
  return [
    ...(readOnly ? ['ro'] : []),
    ...(size === undefined ? [] : [`size=${bytes(size)}`]),
    ...(mode === undefined ? [] : [`mode=${mode}`]),
  ]
}

/** Bytes of a checked size. */
const bytes = (text: string): number => parseSize(text, (reason) => new FlagError(reason))
