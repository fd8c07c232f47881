import { accessSync, constants } from 'node:fs'
import { join } from 'node:path'
import type { World } from '../helpers/world.ts'
import type { HostFeature } from './recorded.ts'

/** Programs that Docker's client gives logins to where it finds them. */
const LOGIN_KEEPERS = ['docker-credential-pass', 'docker-credential-secretservice']

/** What cases depend on and this host has. */
export async function findFeatures(world: World): Promise<Set<HostFeature>> {
  const features = new Set<HostFeature>()
  const limits = '{{.MemoryLimit}} {{.CPUShares}} {{.PidsLimit}}'
  const info = await world.lighter(['info', '--format', limits])
  if (info.stdout.trim() === 'true true true') features.add('controllers')
  if (!LOGIN_KEEPERS.some((name) => isOnPath(world, name))) features.add('plain-logins')
  return features
}

function isOnPath({ env }: World, name: string): boolean {
  return (env.PATH ?? '').split(':').some((directory) => {
    try {
      accessSync(join(directory, name), constants.X_OK)
      return true
    } catch {
      return false
    }
  })
}
