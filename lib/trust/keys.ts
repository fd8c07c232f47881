import { readFileSync, statSync } from 'node:fs'
import { LighterError, systemErrorText } from '../core/errors.ts'
import type { KeySource } from './requirement.ts'

const MAX_KEYS = 4 * 1024 * 1024

/** The contents of all key files of a requirement. Throws `host-setup` when one of them cannot be read. */
export function readKeys({ paths, data }: KeySource): Buffer[] {
  return [...paths.map(readKeyFile), ...data]
}

function readKeyFile(path: string): Buffer {
  try {
    const stat = statSync(path)
    if (stat.isFile() && stat.size <= MAX_KEYS) return readFileSync(path)
  } catch (error) {
    throw new LighterError('host-setup', `signature policy: ${systemErrorText(error)}`, {
      cause: error,
    })
  }
  throw new LighterError('host-setup', `signature policy: ${path} is no file with public keys`)
}
