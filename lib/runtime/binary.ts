import {
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { LighterError } from '../core/errors.ts'

/** What the executable carries for the native side; written by packaging/bundle.mjs. */
interface CarriedFile {
  name: string
  size: number
  mode: number
}

/** Set by esbuild in the packed program; absent in development. */
declare const LIGHTER_CARRIED: { hash: string; files: CarriedFile[] } | undefined

const DEVELOPMENT_ROOT = join(import.meta.dirname, '../..')

export interface NativeFiles {
  /** The native program. */
  program: string
  /** The directory of the wrapper scripts of the uplinks. */
  uplinks: string
}

/**
 * Where the native program is. The packed executable unpacks it once to `libexec/<hash>/` of the data directory;
 * afterwards this costs one stat per file. What is damaged is written again.
 */
export function ensureNativeFiles(data: string): NativeFiles {
  if (typeof LIGHTER_CARRIED === 'undefined') return developmentFiles()
  const directory = join(data, 'libexec', LIGHTER_CARRIED.hash)
  for (const file of LIGHTER_CARRIED.files) {
    if (!isWhole(join(directory, file.name), file)) unpack(directory, file)
  }
  return filesIn(directory)
}

const filesIn = (directory: string): NativeFiles => ({
  program: join(directory, 'lighter-native'),
  uplinks: directory,
})

function developmentFiles(): NativeFiles {
  return {
    program: process.env.LIGHTER_NATIVE ?? join(DEVELOPMENT_ROOT, 'build/native/lighter-native'),
    uplinks: join(DEVELOPMENT_ROOT, 'native/uplink'),
  }
}

function isWhole(path: string, file: CarriedFile): boolean {
  const stat = statSync(path, { throwIfNoEntry: false })
  return stat?.isFile() === true && stat.size === file.size && (stat.mode & 0o777) === file.mode
}

function unpack(directory: string, file: CarriedFile): void {
  const bytes = readCarried(file.name)
  const target = join(directory, file.name)
  const draft = `${target}.${process.pid}.tmp`
  mkdirSync(directory, { recursive: true, mode: 0o700 })
  try {
    writeWhole(draft, bytes, file.mode)
    renameSync(draft, target)
  } catch (error) {
    rmSync(draft, { force: true })
    throw new LighterError(
      'host-setup',
      `Cannot unpack the native program to ${directory}: ${(error as Error).message}`,
      {
        cause: error,
      },
    )
  }
}

function writeWhole(path: string, bytes: Uint8Array, mode: number): void {
  const fd = openSync(path, 'wx', mode)
  try {
    for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at)
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
}

/** A file that the packed executable carries; in development, what the build left in build/, or the source. */
export function readCarried(name: string): Uint8Array {
  if (typeof LIGHTER_CARRIED === 'undefined') return readDevelopmentFile(name)
  const sea = process.getBuiltinModule('node:sea')
  return new Uint8Array(sea.getRawAsset(name))
}

function readDevelopmentFile(name: string): Uint8Array {
  const place = name.startsWith('lighter.') ? 'packaging/systemd' : 'build'
  const path = join(DEVELOPMENT_ROOT, place, name)
  try {
    return readFileSync(path)
  } catch (error) {
    throw new LighterError('host-setup', `${path} is missing`, {
      cause: error,
      hint: "'npm run build' makes it.",
    })
  }
}
