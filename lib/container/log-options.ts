import { isDecimal } from '../core/characters.ts'
import { LighterError } from '../core/errors.ts'
import { parseTruth } from '../core/truth.ts'
import type { LogConfig } from './supervision.ts'

const LOCAL_SIZE = 20 * 1024 * 1024
const LOCAL_FILES = 5
const MAX_FILES = 1000

/** What a log driver refuses when the container is started, with Docker's words around it. */
export const logFailure = (reason: string): LighterError =>
  new LighterError(
    'start-failed',
    `failed to create task for container: failed to initialize logging driver: ${reason}`,
  )

export interface Rotation {
  /** Bytes; 0: no limit. */
  maxSize: number
  maxFiles: number
  /** Files that are written no more are compressed. */
  compress: boolean
}

/** When the log goes on in another file, and how many are kept. Throws `start-failed` with Docker's sentences. */
export function parseRotation(config: LogConfig): Rotation {
  return config.type === 'local' ? parseLocal(config.config) : parseJsonFile(config.config)
}

type Options = Readonly<Record<string, string>>

function parseJsonFile(options: Options): Rotation {
  const maxSize = options['max-size'] === undefined ? 0 : sizeOf(options['max-size'], '')
  if (options['max-size'] !== undefined && maxSize <= 0) {
    throw logFailure('max-size must be a positive number')
  }
  const maxFiles = parseFiles(options['max-file'] ?? '1', '')
  if (maxFiles < 1) throw logFailure('max-file cannot be less than 1')
  const compress = parseBool(options.compress ?? 'false', '')
  if (compress && (maxFiles < 2 || maxSize === 0)) {
    throw logFailure('compress cannot be true when max-file is less than 2 or max-size is not set')
  }
  return { maxSize, maxFiles: Math.min(maxFiles, MAX_FILES), compress }
}

function parseLocal(options: Options): Rotation {
  const { 'max-size': size, 'max-file': files } = options
  const maxSize =
    size === undefined ? LOCAL_SIZE : sizeOf(size, `invalid value for max-size: ${size}: `)
  const maxFiles =
    files === undefined ? LOCAL_FILES : parseFiles(files, `invalid value for max-file: ${files}: `)
  const compress = parseBool(options.compress ?? 'true', 'error reading compress log option: ')
  if (maxFiles < 0) throw logFailure('max file count cannot be less than 0')
  if (compress && maxFiles <= 1) {
    throw logFailure('compression cannot be enabled when max file count is 1')
  }
  return { maxSize, maxFiles: Math.min(Math.max(maxFiles, 1), MAX_FILES), compress }
}

const UNITS = 'bkmgtp'

/** Bytes: `10m`, `1.5g`, `100`; `undefined` for what is none. A unit is `base` times the one before, whether `k`, `kb` or `KiB`. */
export function sizeInBytes(text: string, base: 1000 | 1024): number | undefined {
  const match = /^(\d+(?:\.\d+)?) ?([bkmgtp])?(?:i?b)?$/i.exec(text)
  if (!match) return undefined
  const [, number = '', unit = 'b'] = match
  return Math.floor(Number(number) * base ** UNITS.indexOf(unit.toLowerCase()))
}

function sizeOf(text: string, before: string): number {
  // Docker counts a log's size in thousands, a buffer's in 1024s.
  const size = sizeInBytes(text, 1000)
  if (size === undefined) throw logFailure(`${before}invalid size: '${text}'`)
  return size
}

function parseFiles(text: string, before: string): number {
  const sign = text.startsWith('-') || text.startsWith('+') ? 1 : 0
  if (isDecimal(text.slice(sign))) return Number(text)
  throw logFailure(`${before}strconv.Atoi: parsing ${JSON.stringify(text)}: invalid syntax`)
}

function parseBool(text: string, before: string): boolean {
  const truth = parseTruth(text)
  if (truth !== undefined) return truth
  throw logFailure(`${before}strconv.ParseBool: parsing ${JSON.stringify(text)}: invalid syntax`)
}
