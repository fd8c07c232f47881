import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, inject } from 'vitest'
import { makeWorld, type World } from './world.ts'

/** The world of the test that runs, in files that call `useArchives`. */
export let world: World

export const registry = () => inject('registry')
export const image = () => `${registry()}/busybox:latest`
export const file = (name: string) => join(world.home, name)
export const digestOf = (bytes: string | Buffer) =>
  `sha256:${createHash('sha256').update(bytes).digest('hex')}`

/** Gives each test of a file a world of its own. */
export function useArchives(): void {
  beforeEach(() => {
    world = makeWorld('archives')
  })
  afterEach(() => world.remove())
}

/** The same but for its last bit. */
export function damaged(bytes: Buffer): Buffer {
  const copy = Buffer.from(bytes)
  copy.writeUInt8(copy.readUInt8(copy.length - 1) ^ 1, copy.length - 1)
  return copy
}

export const names = (folder: string): string[] =>
  existsSync(join(world.data, folder)) ? readdirSync(join(world.data, folder)).sort() : []

export const run = async (...args: string[]): Promise<string> => {
  const outcome = await world.lighter(args)
  expect(outcome, args.join(' ')).toMatchObject({ exitCode: 0, stderr: '' })
  return outcome.stdout
}
export const load = (name: string) => run('load', '-i', name)
export const hello = (name: string) =>
  run('run', '--rm', '--network', 'none', name, 'cat', '/etc/from-second-layer')

/** Of the record of a name: the manifest, and the id. */
export function recordOf(name: string): { descriptor: { digest: string }; imageId: string } {
  const path = join(world.data, 'refs', `${encodeURIComponent(name)}.json`)
  return JSON.parse(readFileSync(path, 'utf8'))
}

export async function removeAll(): Promise<void> {
  const ids = (await run('images', '-q', '--no-trunc')).split('\n').filter(Boolean)
  if (ids.length > 0) await run('rmi', '-f', ...new Set(ids))
  expect(names('blobs/sha256')).toEqual([])
}

export const skopeo = (...args: string[]): string =>
  execFileSync('skopeo', ['--insecure-policy', ...args], { encoding: 'utf8' })

/** An archive that skopeo makes of the test image. */
export function fromSkopeo(transport: string, name: string, from = 'busybox'): void {
  const options = ['--quiet', '--src-tls-verify=false']
  const path = join(mkdtempSync(join(inject('work'), 'skopeo-')), 'out.tar')
  skopeo('copy', ...options, `docker://${registry()}/${from}`, `${transport}:${path}:${name}`)
  writeFileSync(file('skopeo.tar'), readFileSync(path))
}
