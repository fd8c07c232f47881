import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdtempSync } from 'node:fs'
import { join } from 'node:path'
import { inject } from 'vitest'

/** A manifest as the registry has it, byte by byte, asked by another program. */
export const raw = (name: string): string =>
  execFileSync('skopeo', ['inspect', '--raw', '--tls-verify=false', `docker://${name}`], {
    encoding: 'utf8',
  })

export const digestOf = (text: string): string =>
  `sha256:${createHash('sha256').update(text).digest('hex')}`

/** Another program fetches everything that an image or a list refers to, and checks it. */
export function fetchAll(name: string): void {
  const directory = mkdtempSync(join(inject('work'), 'fetched-'))
  const source = ['--src-tls-verify=false', `docker://${name}`]
  execFileSync('skopeo', [
    '--insecure-policy',
    'copy',
    '-q',
    '--all',
    ...source,
    `dir:${directory}`,
  ])
}
