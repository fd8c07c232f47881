import { lazyCrypto } from '../../../core/lazy.ts'
import { CallError } from './call.ts'
import { define, type FunctionTable } from './define.ts'
import { fromJson, toJson, type Value } from './value.ts'

const hash = (algorithm: string) =>
  define('str:string', (text: string) =>
    lazyCrypto().createHash(algorithm).update(text).digest('hex'),
  )

function decodeBase64(text: string): string {
  if (!/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(text)) {
    throw new CallError(`failed to decode base64 data: illegal base64 data`)
  }
  const decoded = Buffer.from(text, 'base64')
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
  try {
    return decoder.decode(decoded)
  } catch {
    throw new CallError('the result of decoding the provided string is not valid UTF-8')
  }
}

/** As Go writes JSON: what HTML could take for its own is written by its number. */
const encodeJson = (value: Value): string =>
  JSON.stringify(toJson(value)).replace(
    /[<>&\u2028\u2029]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )

function decodeJson(text: string): Value {
  try {
    return fromJson(JSON.parse(text))
  } catch (error) {
    throw new CallError(`invalid JSON: ${error instanceof Error ? error.message : error}`)
  }
}

/** Lines of fields between commas; the first one names the fields. */
function decodeCsv(text: string): Value {
  const rows = readCsv(text)
  const [names, ...others] = rows
  if (!names) throw new CallError('missing header line')
  const twice = names.find((name, at) => names.indexOf(name) < at)
  if (twice !== undefined) throw new CallError(`duplicate column name ${JSON.stringify(twice)}`)
  return others.map((row, at) => {
    if (row.length !== names.length)
      throw new CallError(`record on line ${at + 2}: wrong number of fields`)
    return new Map(names.map((name, column): [string, Value] => [name, row[column] ?? '']))
  })
}

function readCsv(text: string): string[][] {
  const rows: string[][] = []
  const field = /(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r?\n|$)/y
  let row: string[] = []
  while (field.lastIndex < text.length) {
    const match = field.exec(text)
    if (!match) throw new CallError('parse error: bare or missing " in a field')
    const [, quoted, plain = '', end] = match
    row.push(quoted === undefined ? plain : quoted.replaceAll('""', '"'))
    if (end === ',' && field.lastIndex < text.length) continue
    if (end === ',') row.push('')
    if (row.length > 1 || row[0] !== '') rows.push(row)
    row = []
  }
  return rows
}

const NAMESPACES: Readonly<Record<string, string>> = {
  dns: '6ba7b810-9dad-11d1-80b4-00c04fd430c8',
  url: '6ba7b811-9dad-11d1-80b4-00c04fd430c8',
  oid: '6ba7b812-9dad-11d1-80b4-00c04fd430c8',
  x500: '6ba7b814-9dad-11d1-80b4-00c04fd430c8',
}

/** RFC 4122, version 5: the name's SHA-1 within a namespace. */
function nameBasedUuid(namespace: string, name: string): string {
  const known = NAMESPACES[namespace] ?? namespace
  if (!/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(known)) {
    throw new CallError(`uuidv5() doesn't support namespace ${namespace}`)
  }
  const bytes = lazyCrypto()
    .createHash('sha1')
    .update(Buffer.from(known.replaceAll('-', ''), 'hex'))
    .update(name)
    .digest()
    .subarray(0, 16)
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x50
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')
}

function decryptRsa(ciphertext: string, key: string): string {
  const { constants, privateDecrypt } = lazyCrypto()
  try {
    const padding = constants.RSA_PKCS1_PADDING
    return privateDecrypt({ key, padding }, Buffer.from(ciphertext, 'base64')).toString('utf8')
  } catch (error) {
    throw new CallError(`failed to decrypt: ${error instanceof Error ? error.message : error}`)
  }
}

/** What Go makes of a query. */
const urlEncode = (text: string): string =>
  encodeURIComponent(text)
    .replaceAll('%20', '+')
    .replace(/[!'()*]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`)

/** Functions that write and read encodings, and hashes. */
export const encodingFunctions: FunctionTable = {
  base64decode: define('str:string', decodeBase64),
  base64encode: define('str:string', (text: string) => Buffer.from(text).toString('base64')),
  csvdecode: define('str:string', decodeCsv),
  jsondecode: define('str:string', decodeJson),
  jsonencode: define('val:any', encodeJson),
  md5: hash('md5'),
  rsadecrypt: define('ciphertext:string privatekey:string', decryptRsa),
  sha1: hash('sha1'),
  sha256: hash('sha256'),
  sha512: hash('sha512'),
  urlencode: define('str:string', urlEncode),
  uuidv4: define('', () => lazyCrypto().randomUUID()),
  uuidv5: define('namespace:string name:string', nameBasedUuid),
}
