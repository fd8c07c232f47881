import { parseTruth } from '../../lib/core/truth.ts'
import type { Parsed } from '../parse.ts'
import type { FlagSpec } from './spec.ts'

/** `--disable-content-trust`: true, unless DOCKER_CONTENT_TRUST says otherwise. */
export const contentTrust = (summary = 'Skip image verification'): FlagSpec => ({
  type: 'bool',
  default: !isContentTrusted(process.env.DOCKER_CONTENT_TRUST),
  summary,
})

/** As Docker reads it: what is neither true nor false is meant to be true. */
export const isContentTrusted = (text: string | undefined): boolean =>
  text !== undefined && text !== '' && parseTruth(text) !== false

/** Whether images must be signed by somebody. */
export const mustBeSigned = (parsed: Parsed): boolean => !parsed.bool('disable-content-trust')
