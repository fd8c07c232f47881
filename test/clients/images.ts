import { cpSync } from 'node:fs'
import { join } from 'node:path'
import { inject } from 'vitest'
import { makeStackLayout } from '../fixtures/stack.ts'
import { pushLayout } from '../helpers/registry.ts'
import type { World } from '../helpers/world.ts'

/** `busybox:latest`, under this name alone, in a world's store. */
export const pullBusybox = (world: World): Promise<void> =>
  pullAs(world, 'busybox:latest', 'busybox:latest')

/** An image of the test registry under another name. */
export async function pullAs(world: World, name: string, as: string): Promise<void> {
  const image = `${inject('registry')}/${name}`
  for (const args of [
    ['pull', '-q', image],
    ['tag', image, as],
    ['rmi', image],
  ])
    await succeed(world, args)
}

/** Images that behave as the official ones of PostgreSQL and Redis, and as Ryuk; `stack:latest` is what they are made from. */
export async function buildServers(world: World, names: readonly string[]): Promise<void> {
  pushLayout(makeStackLayout(inject('cache')), inject('registry'), 'debian:stack')
  await pullAs(world, 'debian:stack', 'stack:latest')
  for (const name of names) {
    const context = join(world.home, name)
    cpSync(new URL(`images/${name}`, import.meta.url), context, { recursive: true })
    await succeed(world, ['build', '-q', '-t', `${name}:latest`, context])
  }
}

async function succeed(world: World, args: string[]): Promise<void> {
  const { exitCode, stderr } = await world.lighter(args, { timeout: 300_000 })
  if (exitCode !== 0) throw new Error(`${args.join(' ')}: ${stderr}`)
}
