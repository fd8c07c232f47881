import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect, inject } from 'vitest'
import type { CallOptions, Outcome, World } from './world.ts'

/** Writes a context, its Dockerfile too, and gives it to the world's user. `BASE` in a Dockerfile is busybox. */
export function writeContext(world: World, files: Readonly<Record<string, string>>): string {
  const directory = mkdtempSync(join(world.home, 'context-'))
  for (const [name, text] of Object.entries(files)) {
    const path = join(directory, name)
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, name === 'Dockerfile' ? text.replaceAll('BASE', base()) : text)
  }
  execFileSync('chown', ['-R', `${world.ids.uid}:${world.ids.gid}`, directory])
  return directory
}

/** The image that builds begin with. */
export const base = (): string => `${inject('registry')}/busybox:latest`

/** Builds a context with plain progress. */
export const build = (
  world: World,
  directory: string,
  args: readonly string[] = [],
  options?: CallOptions,
): Promise<Outcome> => world.lighter(['build', '--progress', 'plain', ...args, directory], options)

/** Builds what must be built; returns its progress. */
export async function built(world: World, directory: string, ...args: string[]): Promise<string> {
  const outcome = await build(world, directory, args)
  expect(outcome, outcome.stderr).toMatchObject({ exitCode: 0 })
  return outcome.stderr
}

/** What a command in an image prints. */
export async function printed(world: World, image: string, ...command: string[]): Promise<string> {
  const outcome = await world.lighter(['run', '--rm', '--network', 'none', image, ...command])
  expect(outcome, outcome.stderr).toMatchObject({ exitCode: 0 })
  return outcome.stdout
}

/** Names of the steps that the cache had. */
export const cachedSteps = (progress: string): string[] => {
  const names = new Map<string, string>()
  for (const [, number = '', name = ''] of progress.matchAll(/^#(\d+) (\[.*)$/gm))
    names.set(number, name)
  return [...progress.matchAll(/^#(\d+) CACHED$/gm)].map(
    ([, number = '']) => names.get(number) ?? '',
  )
}
