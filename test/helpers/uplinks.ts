import { type ChildProcess, spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { inject } from 'vitest'
import { processesOf } from './leftovers.ts'
import type { OtherHost } from './other-host.ts'
import { testUser } from './world.ts'

/** The user's processes that are a way out. */
export const uplinks = (): number[] =>
  processesOf(testUser())
    .filter((line) => /slirp4netns|pasta/.test(line))
    .map((line) => Number.parseInt(line, 10))

/** Thirty lines in three seconds. */
const SLOWLY = `#!/bin/sh
printf 'Content-Type: text/plain\\r\\n\\r\\n'
for line in $(seq 30); do echo $line; sleep 0.1; done
`

/** Starts a web server on another host that answers `outside`, and at `/cgi-bin/slowly` for three seconds. */
export function serveOutside(other: OtherHost): ChildProcess {
  const files = mkdtempSync(join(inject('work'), 'files-'))
  writeFileSync(join(files, 'index.html'), 'outside\n')
  mkdirSync(join(files, 'cgi-bin'))
  writeFileSync(join(files, 'cgi-bin/slowly'), SLOWLY, { mode: 0o755 })
  const [program = '', ...args] = [
    ...other.enter,
    'busybox',
    'httpd',
    '-f',
    '-p',
    '80',
    '-h',
    files,
  ]
  return spawn(program, args, { stdio: 'ignore' })
}
