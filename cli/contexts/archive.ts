import { posix } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { parseJson } from '../../lib/fs/read.ts'
import { type ArchiveMember, archiveBytes } from '../../lib/image/archive-writer.ts'
import { tooLarge } from './limited.ts'
import { META_FILE } from './store.ts'
import { type ArchivedFile, badArchive, readTar } from './tar.ts'
import { type ContextContent, metaText } from './write.ts'
import { isZip, readZip } from './zip.ts'

const TLS = 'tls'
/** The kernel's limit for a name in a directory. */
const MAX_NAME = 255

/** What `context export` writes. */
export async function packContext(name: string, content: ContextContent): Promise<Buffer> {
  const directory = (path: string): ArchiveMember => ({
    name: `${path}/`,
    kind: 'directory',
    mode: 0o700,
  })
  const members: ArchiveMember[] = [
    { name: META_FILE, kind: 'document', bytes: Buffer.from(metaText(name, content)) },
    directory(TLS),
  ]
  for (const [endpoint, files] of content.tls) {
    members.push(directory(`${TLS}/${endpoint}`))
    for (const [file, bytes] of files) {
      const path = `${TLS}/${endpoint}/${file}`
      members.push({ name: path, kind: 'document', bytes, mode: 0o600 })
    }
  }
  return await buffer(archiveBytes(members))
}

/**
 * Reads an archive that `context export` of this program or of Docker's client made, or a zip of the same files. `isCut`: what is
 * given is its beginning only. Throws `usage` with Docker's sentence before anything of it is kept anywhere.
 */
export async function unpackContext(archive: Buffer, isCut: boolean): Promise<ContextContent> {
  if (isZip(archive) && isCut) throw tooLarge()
  const tls = new Map<string, Map<string, Buffer>>()
  let meta: Buffer | undefined
  try {
    for (const file of isZip(archive) ? readZip(archive) : await readTar(archive)) {
      checkPath(file.name)
      if (file.name === META_FILE) meta = file.bytes
      else keepTls(tls, file)
    }
  } catch (error) {
    if (isCut && error instanceof Error && error.message === 'unexpected EOF') throw tooLarge()
    throw error
  }
  if (!meta) throw badArchive('invalid context: no metadata found')
  return { ...readMeta(meta), tls }
}

/** What has another name is refused and not left out: whoever made the archive meant it to be somewhere. */
function checkPath(path: string): void {
  const refuse = (reason: string) => badArchive(`${path}: ${reason}`)
  if (path !== META_FILE && !path.startsWith(`${TLS}/`)) throw refuse('unexpected context file')
  if (posix.normalize(path) !== path || path.endsWith('/')) throw refuse('unexpected path format')
  if (path.includes('\\')) throw refuse("unexpected '\\' in path")
}

function keepTls(tls: Map<string, Map<string, Buffer>>, { name, bytes }: ArchivedFile): void {
  const [, endpoint = '', file = '', ...more] = name.split('/')
  const isTooLong = [endpoint, file].some((part) => Buffer.byteLength(part) > MAX_NAME)
  if (endpoint === '' || file === '' || more.length > 0 || isTooLong || name.includes('\0')) {
    throw badArchive('archive format is invalid')
  }
  const files = tls.get(endpoint) ?? new Map<string, Buffer>()
  tls.set(endpoint, files.set(file, bytes))
}

/** Members are known whatever their case, as to Go. */
function readMeta(bytes: Buffer): Omit<ContextContent, 'tls'> {
  const value = parseJson(bytes)
  if (value === undefined) throw badArchive(jsonFault(bytes.toString('utf8')))
  if (typeof value !== 'object' || Array.isArray(value)) {
    throw badArchive(`json: cannot unmarshal ${kindOf(value)} into Go value of type store.Metadata`)
  }
  const member = (name: string): unknown =>
    Object.entries(value ?? {}).findLast(([key]) => key.toLowerCase() === name)?.[1]
  const [name, endpoints] = [member('name') ?? '', member('endpoints') ?? undefined]
  if (typeof name !== 'string') throw wrongType(name, 'Name', 'string')
  if (endpoints !== undefined && (typeof endpoints !== 'object' || Array.isArray(endpoints))) {
    throw wrongType(endpoints, 'Endpoints', 'map[string]interface {}')
  }
  return { metadata: member('metadata'), endpoints: endpoints as Record<string, unknown> }
}

const wrongType = (value: unknown, name: string, type: string) =>
  badArchive(
    `json: cannot unmarshal ${kindOf(value)} into Go struct field Metadata.${name} of type ${type}`,
  )

function kindOf(value: unknown): string {
  if (Array.isArray(value)) return 'array'
  return typeof value === 'boolean' ? 'bool' : typeof value
}

function jsonFault(text: string): string {
  const first = /\S/.exec(text)?.[0] ?? ''
  return first === '' || /[[{"\dtfn-]/.test(first)
    ? 'unexpected end of JSON input'
    : `invalid character '${first}' looking for beginning of value`
}
