import type { Readable } from 'node:stream'
import { isErrno, LighterError } from '../core/errors.ts'
import type { Digest } from '../core/ids.ts'
import type { Engine } from '../engine.ts'
import { openInputFile } from '../fs/input-file.ts'
import { hostPlatform, type Platform, parsePlatform } from '../oci/platform.ts'
import { checkArchiveTrust } from '../trust/check.ts'
import { applyChanges } from './changes.ts'
import { recordImageEvent } from './events.ts'
import { checkArchive, expandArchive } from './expand.ts'
import { makeImage } from './make.ts'

export interface ImportOptions {
  /** A file, an URL (http, https), or `-` for standard input. */
  source: string
  /** What is at the source, where the caller has opened it: then the source is only told of. */
  input?: Readable
  comment: string
  changes: string[]
  platform: string | undefined
  /** In its full form. */
  reference: string | undefined
}

/** The configuration of an image that says nothing, with Docker's members. */
export const EMPTY_CONFIG = {
  Hostname: '',
  Domainname: '',
  User: '',
  AttachStdin: false,
  AttachStdout: false,
  AttachStderr: false,
  Tty: false,
  OpenStdin: false,
  StdinOnce: false,
  Env: null,
  Cmd: null,
  Image: '',
  Volumes: null,
  WorkingDir: '',
  Entrypoint: null,
  OnBuild: null,
  Labels: null,
}

/** Makes an image with one layer of an archive. Returns its id. */
export async function importImage(engine: Engine, options: ImportOptions): Promise<Digest> {
  const { source, comment, changes, reference } = options
  const platform = options.platform ? parsePlatform(options.platform) : hostPlatform()
  if (platform.os !== 'linux') {
    throw new LighterError('bad-input', 'operating system is not supported')
  }
  const isFile = options.input === undefined && source !== '-' && !URL_SOURCE.test(source)
  checkArchiveTrust(engine.paths, ['tarball'], isFile ? source : undefined)
  const input = options.input ?? (await openSource(source))
  const config = applyChanges(EMPTY_CONFIG, changes)
  const { os, architecture } = platform
  const variant = writtenVariant(platform, options.platform)
  const isUrl = URL_SOURCE.test(source)
  const id = await makeImage(engine, {
    parent: undefined,
    archive: await readArchive(input, source),
    config,
    members: { architecture, os, ...(variant === '' ? {} : { variant }) },
    history: {
      createdBy: '',
      comment: comment || `Imported from ${isUrl ? source : '-'}`,
      author: '',
    },
    reference,
  }).catch((error: unknown) => {
    throw asDocker(error)
  })
  recordImageEvent(engine.paths.data, 'import', { id, name: id })
  return id
}

const URL_SOURCE = /^https?:\/\//

/** As containerd has it: the usual variants of ARM are told when all three parts are written, and only then. */
function writtenVariant({ architecture, variant }: Platform, text = ''): string {
  const isWhole = text.split('/').length === 3
  if (architecture === 'arm64' && isWhole) return variant || 'v8'
  return architecture === 'arm' && variant === 'v7' && !isWhole ? '' : variant
}

async function openSource(source: string): Promise<Readable> {
  if (source === '-') return process.stdin
  if (!URL_SOURCE.test(source)) return await openInputFile(source)
  const { openUrl } = await import('./import-url.ts')
  return (await openUrl(source)).body
}

async function readArchive(input: Readable, source: string): Promise<Readable> {
  try {
    return await checkArchive(await expandArchive(input))
  } catch (error) {
    throw isErrno(error, 'EISDIR')
      ? new LighterError('usage', `read ${source}: is a directory`)
      : error
  }
}

/** What is only the beginning of an archive ends before its time. */
function asDocker(error: unknown): unknown {
  const isDamaged =
    error instanceof LighterError &&
    error.code === 'bad-input' &&
    /archive is damaged|stream .*(is cut off|is damaged)/.test(error.message)
  return isDamaged ? new LighterError('bad-input', 'unexpected EOF', { cause: error }) : error
}
