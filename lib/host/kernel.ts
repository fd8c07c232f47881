import { readFileSync } from 'node:fs'

/** The running kernel's release, `6.12.0-amd64`: what uname(2) says, without loading `node:os`. */
export const kernelRelease = (): string =>
  readFileSync('/proc/sys/kernel/osrelease', 'latin1').trim()
