import { LighterError } from '../core/errors.ts'
import type { Engine } from '../engine.ts'
import { familiarName, fullName, parseReference, type Reference } from '../oci/reference.ts'
import { listTags } from '../registry/tags.ts'
import { closeConnections } from '../registry/transport.ts'
import type { OnProgress } from './progress.ts'
import { type PullOptions, pullImage } from './pull.ts'

export interface PullTagsOptions extends Omit<PullOptions, 'onProgress'> {
  /** Called for each tag: who is told of its pull. */
  watch?(): OnProgress
}

/** Fetches every tag of a repository, one after the other. Returns its full name. Throws what `pullImage` and `listTags` throw. */
export async function pullAllTags(
  engine: Engine,
  wanted: Reference,
  { watch, ...options }: PullTagsOptions = {},
): Promise<string> {
  const tags = await findTags(engine, wanted, options.signal)
  let fresh = false
  for (const tag of tags) {
    const tell = watch?.()
    await pullImage(engine, tag, {
      ...options,
      onProgress: (event) => {
        // One sentence at the end says it of all tags.
        if (event.type === 'status') fresh ||= event.fresh
        else tell?.(event)
      },
    })
  }
  watch?.()({ type: 'status', reference: familiarName(wanted), fresh })
  return fullName(wanted)
}

/** The list is somebody else's: what is no tag is refused before anything is fetched. */
async function findTags(
  engine: Engine,
  wanted: Reference,
  signal: AbortSignal | undefined,
): Promise<Reference[]> {
  try {
    const tags = await listTags(wanted, engine.paths, signal)
    return tags.map((tag) => {
      const reference = parseReference(`${fullName(wanted)}:${tag}`)
      if (reference.tag === tag && !reference.digest) return reference
      throw new LighterError('bad-reference', 'invalid reference format')
    })
  } finally {
    await closeConnections()
  }
}
