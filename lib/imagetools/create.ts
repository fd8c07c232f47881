import type { Digest } from '../core/ids.ts'
import type { Engine } from '../engine.ts'
import { formatReference, fullName, type Reference, withDefaultTag } from '../oci/reference.ts'
import { closeConnections } from '../registry/transport.ts'
import { openPushTarget } from '../registry/upload.ts'
import { type Annotation, parseAnnotations } from './annotations.ts'
import { type Combined, combine } from './combine.ts'
import { copyManifest } from './copy.ts'
import { type ResolvedSource, resolveSources } from './resolve.ts'
import { parseSources, parseTags } from './source.ts'
import { pushError } from './words.ts'

export interface CreateRequest {
  /** References, digests, and descriptors in JSON. */
  sources: readonly string[]
  tags: readonly string[]
  annotations: readonly string[]
  /** What the first tag has comes first. */
  append: boolean
  preferIndex: boolean
  dryRun: boolean
}

/** What happens to one of the new names. */
export type CreateEvent =
  | { type: 'start'; tag: string }
  | { type: 'log'; tag: string; text: string }
  | { type: 'done'; tag: string }
  | { type: 'failed'; tag: string; reason: string }

/**
 * Makes an image of others and gives it its names; returns its manifest. One name that fails does not keep the others from theirs: the
 * first failure is thrown at the end. Throws `bad-input`, `bad-reference`, `digest-mismatch`, `registry-…`.
 */
export async function createImage(
  engine: Engine,
  request: CreateRequest,
  report: (event: CreateEvent) => void,
): Promise<Buffer> {
  const tags = parseTags(request.tags)
  const [first] = request.tags
  const appended = request.append && first !== undefined ? [first] : []
  const wanted = parseSources([...appended, ...request.sources], tags)
  const annotations: Annotation[] = request.annotations.flatMap(parseAnnotations)
  try {
    const sources = await resolveSources(engine.paths, wanted)
    const combined = combine(sources, annotations, request.preferIndex)
    const failures: unknown[] = []
    for (const tag of request.dryRun ? [] : tags) {
      await pushTo(engine, tag, sources, combined, report).catch((error) => failures.push(error))
    }
    if (failures.length > 0) throw failures[0]
    return combined.bytes
  } finally {
    await closeConnections()
  }
}

async function pushTo(
  { paths }: Engine,
  tag: Reference,
  sources: readonly ResolvedSource[],
  { bytes, mediaType, digest }: Combined,
  report: (event: CreateEvent) => void,
): Promise<void> {
  const name = formatReference(tag)
  report({ type: 'start', tag: name })
  try {
    const target = await openPushTarget(tag, paths)
    for (const { reference, repository, descriptor } of sources) {
      if (fullName(reference) === fullName(tag)) continue
      const text = `copying ${descriptor.digest} from ${formatReference(reference)} to ${name}`
      report({ type: 'log', tag: name, text })
      await copyManifest(repository, target, reference.registry === tag.registry, descriptor)
    }
    report({ type: 'log', tag: name, text: `pushing ${digest} to ${name}` })
    await target.putManifest(selectorFor(tag, digest), mediaType, bytes)
    report({ type: 'done', tag: name })
  } catch (error) {
    const failure = pushError(error)
    const reason = failure instanceof Error ? failure.message : String(failure)
    report({ type: 'failed', tag: name, reason })
    throw failure
  }
}

/** What is named by another digest than its own gets no tag. */
const selectorFor = (tag: Reference, digest: Digest): string =>
  tag.digest !== undefined && tag.digest !== digest ? digest : (withDefaultTag(tag).tag ?? digest)
