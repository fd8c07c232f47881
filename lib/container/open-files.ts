import { readFileSync } from 'node:fs'
import { isDecimal } from '../core/characters.ts'

/** What this user may raise the limit on open files to; programs in containers expect Docker's generous one. */
export function openFilesLimit(): number | undefined {
  const [, line = ''] = readFileSync('/proc/self/limits', 'latin1').split('Max open files')
  // The soft limit, the hard one, the unit.
  const [, hard = ''] = line.split('\n', 1).join('').split(' ').filter(Boolean)
  return isDecimal(hard) ? Number(hard) : undefined
}
