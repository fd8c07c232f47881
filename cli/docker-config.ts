import { join } from 'node:path'
import { LighterError } from '../lib/core/errors.ts'
import { parseJson, readSmallText } from '../lib/fs/read.ts'
import type { Context } from './context.ts'

const MAX_CONFIG = 1024 * 1024

/** The formats that users can set for what is shown without `--format`. */
export type FormatSetting = 'psFormat' | 'imagesFormat' | 'volumesFormat' | 'networksFormat'

/** A format of `$DOCKER_CONFIG/config.json`; `''` where there is none. */
export const readFormat = (context: Context, setting: FormatSetting): string =>
  readSetting(context, setting)

type OtherSetting = 'currentContext' | 'detachKeys'

/** A setting that is a text; `''` where there is none. What is wrong with the file is told, and nothing more. */
export function readSetting(context: Context, setting: OtherSetting | FormatSetting): string {
  const path = join(context.engine.paths.dockerConfig, 'config.json')
  try {
    const text = readSmallText(path, MAX_CONFIG)
    const document = parseJson(text) as Record<string, unknown> | null | undefined
    if (text !== undefined && (typeof document !== 'object' || document === null)) {
      context.warn(`WARNING: Error loading config file: ${path}: it is no JSON object`)
    }
    const value = document?.[setting]
    return typeof value === 'string' ? value : ''
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    if (error instanceof LighterError || 'code' in (error as object)) {
      context.warn(`WARNING: Error loading config file: ${reason}`)
      return ''
    }
    throw error
  }
}
