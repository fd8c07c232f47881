import type { Engine } from '../../engine.ts'
import { readSmallFile } from '../../fs/read.ts'
import type { BuildOptions } from '../options.ts'
import { DOCKERFILE, type FoundDockerfile, MAX_DOCKERFILE } from './dockerfile.ts'

/**
 * A Dockerfile that does not come from the context: written in a bake file, on standard input, at a URL; `undefined`: it does. Throws
 * `build`, `no-space`.
 */
export async function givenDockerfile({
  engine,
  options,
  signal,
}: {
  engine: Engine
  options: BuildOptions
  signal: AbortSignal | undefined
}): Promise<FoundDockerfile | undefined> {
  const { inline, file, stdin } = options
  const place = undefined
  if (inline !== undefined) return { name: DOCKERFILE, bytes: Buffer.from(inline), place }
  if (file === '-') {
    const { readAll } = await import('./stdin.ts')
    return { name: DOCKERFILE, bytes: await readAll(stdin, MAX_DOCKERFILE), place }
  }
  if (file === undefined || !/^https?:\/\//.test(file)) return undefined
  const { fetchUrl } = await import('./remote.ts')
  const fetched = await fetchUrl(engine, file, { name: DOCKERFILE, checksum: undefined, signal })
  try {
    const bytes = readSmallFile(fetched.path, MAX_DOCKERFILE) ?? Buffer.alloc(0)
    return { name: DOCKERFILE, bytes, place }
  } finally {
    fetched.release()
  }
}
