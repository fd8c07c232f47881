import { LighterError } from '../lib/core/errors.ts'
import type { Parsed } from './parse.ts'

/** There is one builder, called as Docker's own. Throws `usage` for any other. */
export function requireBuilder(parsed: Parsed): void {
  const name = parsed.string('builder') || process.env.BUILDX_BUILDER || 'default'
  if (name === 'default') return
  throw new LighterError('usage', `no builder ${JSON.stringify(name)} found`)
}
