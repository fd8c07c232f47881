import { isAbsolute } from 'node:path'
import { LighterError } from '../core/errors.ts'
import { readSmallText } from './read.ts'

const SIZE_LIMIT = 1024 * 1024

/** The settings of the user's config.json. */
export type Setting = 'storageDriver' | 'uplink'

/** What config.json says of a setting; `undefined` where there is no such file, or nothing in it. Throws `host-setup`. */
export function readSetting(path: string, setting: Setting): string | undefined {
  const value = readMember(path, setting)
  if (value === undefined || typeof value === 'string') return value
  throw new LighterError('host-setup', `${path}: "${setting}" must be a text`)
}

/** As `readSetting`, for a list of directories. */
export function readDirectories(path: string, setting: string): string[] | undefined {
  const value = readMember(path, setting)
  if (value === undefined) return undefined
  if (Array.isArray(value) && value.every((each) => typeof each === 'string' && isAbsolute(each))) {
    return value
  }
  throw new LighterError(
    'host-setup',
    `${path}: "${setting}" must be a list of absolute paths of directories`,
  )
}

function readMember(path: string, name: string): unknown {
  const text = readSmallText(path, SIZE_LIMIT)
  if (text === undefined) return undefined
  let config: unknown
  try {
    config = JSON.parse(text)
  } catch (error) {
    throw new LighterError('host-setup', `${path} is not JSON: ${(error as Error).message}`, {
      cause: error,
    })
  }
  if (typeof config !== 'object' || config === null) return undefined
  return Object.hasOwn(config, name) ? (config as Record<string, unknown>)[name] : undefined
}
