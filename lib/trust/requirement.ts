import { LighterError } from '../core/errors.ts'
import { parseReference, type Reference } from '../oci/reference.ts'
import type { IdentityRule } from './identity.ts'
import { isJsonObject, JsonError, type JsonObject, readMembers, readText } from './strict-json.ts'

/** Public keys: in files, which are read when they are needed, or in the policy itself. */
export interface KeySource {
  paths: readonly string[]
  data: readonly Buffer[]
}

/** What an image must be to be taken. */
export type Requirement =
  | { type: 'insecureAcceptAnything' }
  | { type: 'reject' }
  | { type: 'signedBy'; keys: KeySource; identity: IdentityRule }
  | { type: 'sigstoreSigned'; keys: KeySource; identity: IdentityRule }
  /** One that this program cannot look at: `what` names it. Nothing fulfils it. */
  | { type: 'unsupported'; what: string }

const KEY_TYPES: ReadonlySet<unknown> = new Set([
  'GPGKeys',
  'signedByGPGKeys',
  'X509Certificates',
  'signedByX509CAs',
])

/** One requirement of a policy. Throws `JsonError` for anything but the forms of containers-policy.json(5). */
export function readRequirement(value: unknown, where: string): Requirement {
  if (!isJsonObject(value)) throw new JsonError(`${where} has a requirement that is no object`)
  switch (value.type) {
    case 'insecureAcceptAnything':
    case 'reject':
      readMembers(value, `${where}: "${value.type}"`, ['type'])
      return { type: value.type }
    case 'signedBy':
      return readSignedBy(value, `${where}: "signedBy"`)
    case 'sigstoreSigned':
      return readSigstore(value, `${where}: "sigstoreSigned"`)
    case 'signedBaseLayer':
      readMembers(value, `${where}: "signedBaseLayer"`, ['type', 'baseLayerIdentity'])
      readIdentity(value.baseLayerIdentity, `${where}: "baseLayerIdentity"`)
      return { type: 'unsupported', what: '"signedBaseLayer"' }
    default:
      throw new JsonError(`${where} has an unknown requirement ${JSON.stringify(value.type)}`)
  }
}

function readSignedBy(value: JsonObject, what: string): Requirement {
  const sources = ['keyPath', 'keyPaths', 'keyData']
  readMembers(value, what, ['type', 'keyType'], [...sources, 'signedIdentity'])
  if (!KEY_TYPES.has(value.keyType)) {
    throw new JsonError(`${what} has an unknown keyType ${JSON.stringify(value.keyType)}`)
  }
  const keys = readKeys(value, what, sources)
  const identity = readIdentity(value.signedIdentity, what, !Object.hasOwn(value, 'signedIdentity'))
  return value.keyType === 'GPGKeys'
    ? { type: 'signedBy', keys, identity }
    : { type: 'unsupported', what: `keyType "${value.keyType}"` }
}

/** Certificates of Fulcio or of an authority of one's own, instead of a key. */
const CERTIFICATES: Readonly<Record<string, readonly string[]>> = {
  fulcio: ['caPath', 'caData', 'oidcIssuer', 'subjectEmail'],
  pki: [
    ...['caRootsPath', 'caRootsData', 'caIntermediatesPath', 'caIntermediatesData'],
    ...['subjectHostname', 'subjectEmail'],
  ],
}
const LOG_KEYS = [
  ...['rekorPublicKeyPath', 'rekorPublicKeyPaths'],
  ...['rekorPublicKeyData', 'rekorPublicKeyDatas'],
]

function readSigstore(value: JsonObject, what: string): Requirement {
  const sources = ['keyPath', 'keyPaths', 'keyData', 'keyDatas']
  const certificates = Object.keys(CERTIFICATES)
  readMembers(value, what, ['type'], [...sources, ...certificates, ...LOG_KEYS, 'signedIdentity'])
  const given = [...sources, ...certificates].filter((name) => Object.hasOwn(value, name))
  if (given.length !== 1) {
    throw new JsonError(
      `${what} must have exactly one of ${[...sources, ...certificates].join(', ')}`,
    )
  }
  const identity = readIdentity(value.signedIdentity, what, !Object.hasOwn(value, 'signedIdentity'))
  const logged = LOG_KEYS.filter((name) => Object.hasOwn(value, name))
  for (const name of logged) readSource(value, name, what)
  const certificate = certificates.find((name) => name === given[0])
  if (certificate !== undefined) {
    readMembers(value[certificate], `${what}: "${certificate}"`, [], CERTIFICATES[certificate])
    return { type: 'unsupported', what: `"sigstoreSigned" with "${certificate}"` }
  }
  const keys = readKeys(value, what, sources)
  const [log] = logged
  return log === undefined
    ? { type: 'sigstoreSigned', keys, identity }
    : { type: 'unsupported', what: `"sigstoreSigned" with "${log}"` }
}

function readKeys(value: JsonObject, what: string, sources: readonly string[]): KeySource {
  const given = sources.filter((name) => Object.hasOwn(value, name))
  const [name] = given
  if (name === undefined || given.length > 1) {
    throw new JsonError(`${what} must have exactly one of ${sources.join(', ')}`)
  }
  return readSource(value, name, what)
}

/** `…Path`, `…Paths`, `…Data` or `…Datas`: the name says what it has. */
function readSource(value: JsonObject, name: string, what: string): KeySource {
  const member = value[name]
  const list = name.endsWith('s') ? member : [member]
  if (!Array.isArray(list) || list.length === 0) {
    throw new JsonError(`${what}: "${name}" must be a list, and not an empty one`)
  }
  const texts = list.map((entry) => readText(entry, `${what}: "${name}"`))
  return /Datas?$/.test(name)
    ? { paths: [], data: texts.map((text) => decode(text, `${what}: "${name}"`)) }
    : { paths: texts, data: [] }
}

function decode(text: string, what: string): Buffer {
  const plain = text.replace(/[\r\n]/g, '')
  if (plain.length % 4 === 0 && /^[A-Za-z0-9+/]+={0,2}$/.test(plain)) {
    return Buffer.from(plain, 'base64')
  }
  throw new JsonError(`${what} must be base64`)
}

/** Throws `JsonError`. Where nothing is said of it, an image by tag must have been signed under that tag. */
function readIdentity(value: unknown, where: string, isAbsent = false): IdentityRule {
  if (isAbsent) return { type: 'matchRepoDigestOrExact' }
  if (!isJsonObject(value)) throw new JsonError(`${where}: "signedIdentity" must be an object`)
  const what = `${where}: "signedIdentity"`
  switch (value.type) {
    case 'matchExact':
    case 'matchRepoDigestOrExact':
    case 'matchRepository':
      readMembers(value, what, ['type'])
      return { type: value.type }
    case 'exactReference': {
      readMembers(value, what, ['type', 'dockerReference'])
      const reference = readReference(value.dockerReference, what)
      if (reference.tag !== undefined || reference.digest !== undefined) {
        return { type: 'exactReference', reference }
      }
      throw new JsonError(`${what}: "dockerReference" has neither a tag nor a digest`)
    }
    case 'exactRepository':
      readMembers(value, what, ['type', 'dockerRepository'])
      return { type: 'exactRepository', repository: readReference(value.dockerRepository, what) }
    case 'remapIdentity':
      readMembers(value, what, ['type', 'prefix', 'signedPrefix'])
      return {
        type: 'remapIdentity',
        prefix: readPrefix(value.prefix, `${what}: "prefix"`),
        signedPrefix: readPrefix(value.signedPrefix, `${what}: "signedPrefix"`),
      }
    default:
      throw new JsonError(`${what} has an unknown type ${JSON.stringify(value.type)}`)
  }
}

function readReference(value: unknown, what: string): Reference {
  const text = readText(value, what)
  try {
    return parseReference(text)
  } catch (error) {
    if (!(error instanceof LighterError)) throw error
    throw new JsonError(`${what}: "${text}": ${error.message}`)
  }
}

/** A registry, or a registry and a path; never a short name. */
function readPrefix(value: unknown, what: string): string {
  const text = readText(value, what)
  const [host = '', ...path] = text.split('/')
  const isHost = /^[a-zA-Z0-9]([a-zA-Z0-9.-]*[a-zA-Z0-9])?(:\d+)?$|^\[[0-9a-fA-F:]+\](:\d+)?$/.test(
    host,
  )
  if (isHost && path.every((part) => /^[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*$/.test(part))) return text
  throw new JsonError(`${what}: "${text}" is neither a registry nor a path below one`)
}
