import { resolve } from 'node:path'
import { type MountDocument, mountOfDocument } from '../../lib/container/mount-document.ts'
import { type MountRequest, noIdMap } from '../../lib/container/mount-request.ts'
import { splitCsv } from '../../lib/core/csv.ts'
import { LighterError } from '../../lib/core/errors.ts'
import { parseTruth } from '../../lib/core/truth.ts'
import { FlagError } from '../parse.ts'
import { describeMount, isTrue, type MountFields } from './mount-document.ts'

/** One `--mount`: what it asks for, and how Docker's API says it. */
export interface MountFlag {
  request: MountRequest
  document: MountDocument
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
  const document = describeMount(fields, type, target)
  return { request: mountOfDocument(document, isTrue(single.get('chown'))), document }
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
