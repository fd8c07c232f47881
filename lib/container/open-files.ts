import { readFileSync } from 'node:fs'

/** What this user may raise the limit on open files to; programs in containers expect Docker's generous one. */
export function openFilesLimit(): number | undefined {
  const line = /^Max open files\s+\S+\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'latin1'))
  return line?.[1] === undefined ? undefined : Number(line[1])
}
