import { LighterError } from '../core/errors.ts'
import { readSmallText } from './read.ts'

const SIZE_LIMIT = 1024 * 1024

/** The settings of the user's config.json. */
export type Setting = 'storageDriver' | 'uplink'

/** What config.json says of a setting; `undefined` where there is no such file, or nothing in it. Throws `host-setup`. */
export function readSetting(path: string, setting: Setting): string | undefined {
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
  const value: unknown = Object.hasOwn(config, setting)
    ? (config as Record<string, unknown>)[setting]
    : undefined
  if (value === undefined || typeof value === 'string') return value
  throw new LighterError('host-setup', `${path}: "${setting}" must be a text`)
}
