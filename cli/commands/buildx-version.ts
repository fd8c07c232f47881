import { build, compatible } from '../../lib/core/build-info.ts'
import type { Context } from '../context.ts'

/** `buildx version`: tools read the second word, the release whose behaviour this one has. */
export async function run(context: Context): Promise<number> {
  context.print(`github.com/docker/buildx v${compatible.buildx} lighter-${build.version}`)
  return 0
}
