import { type Digest, shortId } from '../../core/ids.ts'
import { hostPlatform, parsePlatform } from '../../oci/platform.ts'
import type { ExportContext } from '../export/wishes.ts'
import type { RunOperation } from '../graph.ts'
import type { BuildSession } from '../session.ts'

/**
 * Keeps what a step that failed has left as an image without a name, with the step's variables, user and directory. Returns what to say
 * of it.
 */
export async function keepFailedStep(
  { engine, signal, origins, archives }: BuildSession,
  { meta, env, platform }: RunOperation,
  layers: readonly Digest[],
): Promise<string> {
  const { exportImage } = await import('../export/image.ts')
  const context: ExportContext = { engine, signal, onStep: () => () => undefined }
  const { os, architecture, variant } = platform === '' ? hostPlatform() : parsePlatform(platform)
  const created = new Date().toISOString()
  const config = {
    architecture,
    os,
    ...(variant === '' ? {} : { variant }),
    created,
    config: { Env: env, User: meta.user, WorkingDir: meta.cwd, Cmd: ['/bin/sh'] },
    history: layers.map(() => ({ created, created_by: meta.args.join(' ') })),
  }
  const image = {
    platform: { os, architecture, variant },
    layers,
    origins,
    archives,
    config,
    materials: [],
  }
  const { imageId } = await exportImage(context, [image], [], {
    compression: 'any',
    level: undefined,
    force: false,
    oci: true,
    annotations: [],
    epoch: undefined,
    rewriteTimestamp: false,
    inlineCache: undefined,
    attest: undefined,
  })
  const id = imageId === undefined ? '' : shortId(imageId)
  return `What the step left is image ${id}: 'docker run -it --rm ${id}' has a shell in it.`
}
