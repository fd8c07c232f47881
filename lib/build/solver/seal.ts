import type { Digest } from '../../core/ids.ts'
import type { BuildSession } from '../session.ts'

/** Makes a layer of what a step wrote into `directory/upper`, and keeps it for the build. */
export async function sealStep(
  {
    session,
    base,
    epoch,
  }: { session: BuildSession; base: readonly Digest[]; epoch: number | undefined },
  { directory, placeholders }: { directory: string; placeholders: readonly string[] },
): Promise<{ diffId: Digest; size: number }> {
  const { sealLayer } = await import('../layers.ts')
  const { diffId, bytes } = await sealLayer(session.engine, directory, base, {
    placeholders,
    epoch,
    // Before it has its name.
    onDigest: (digest) => session.hold([digest]),
    signal: session.signal,
  })
  return { diffId, size: bytes }
}
