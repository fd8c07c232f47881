import { statSync } from 'node:fs'
import { systemErrorText } from '../../core/errors.ts'
import type { SshSource } from '../options.ts'
import { badSpec } from './fields.ts'

/**
 * Parses an `--ssh`: `default`, `ID`, or `ID=PATH[,PATH]` with an agent's socket or keys; without one, the caller's agent. They have to
 * be there. Throws `usage`.
 */
export function parseSsh(
  text: string,
  environment: Readonly<Record<string, string | undefined>>,
): SshSource {
  const equals = text.indexOf('=')
  const id = equals < 0 ? text : text.slice(0, equals)
  const paths = equals < 0 ? [environment.SSH_AUTH_SOCK ?? ''] : text.slice(equals + 1).split(',')
  for (const path of paths) {
    if (path === '') {
      throw badSpec('invalid empty ssh agent socket: make sure SSH_AUTH_SOCK is set')
    }
    try {
      statSync(path)
    } catch (error) {
      throw badSpec(systemErrorText(error))
    }
  }
  return { id: id || 'default', paths }
}
