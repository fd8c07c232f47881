import { parsePlatform } from '../../lib/oci/platform.ts'
import { badRequest } from '../http/errors.ts'
import type { Query } from '../http/query.ts'

/**
 * A platform that a query names as a JSON document, `{"os":"linux","architecture":"arm64"}`, as users write it: `linux/arm64`.
 * `undefined` where there is none. Throws 400.
 */
export function platformIn(query: Query, name = 'platform'): string | undefined {
  const [text = ''] = query.all(name)
  return text === '' ? undefined : platformText(text)
}

/** A platform as users write it; `undefined` for no text. Throws 400 for one that cannot be. */
export function checkPlatform(text: string): string | undefined {
  if (text === '') return undefined
  try {
    parsePlatform(text)
  } catch (error) {
    throw badRequest((error as Error).message)
  }
  return text
}

/** As `platformIn`, of one document. */
export function platformText(text: string): string {
  const document = parse(text)
  if (typeof document !== 'object' || document === null || Array.isArray(document)) {
    throw badRequest('failed to parse platform: it is no JSON object')
  }
  const { os, architecture, variant = '' } = document as Record<string, unknown>
  if (typeof os !== 'string' || typeof architecture !== 'string' || !os || !architecture) {
    throw badRequest('both OS and Architecture must be provided')
  }
  if (typeof variant !== 'string') throw badRequest('failed to parse platform: variant is no text')
  return [os, architecture, ...(variant === '' ? [] : [variant])].join('/')
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw badRequest(`failed to parse platform: ${(error as Error).message}`)
  }
}
