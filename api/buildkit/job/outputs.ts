import { existsSync, mkdirSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import type { CacheSpec, OutputSpec } from '../../../lib/build/options.ts'
import type { ExportedImage } from '../../../lib/build/result.ts'
import type { Digest } from '../../../lib/core/ids.ts'
import { parseJson, readSmallFile } from '../../../lib/fs/read.ts'
import { grpcError } from '../grpc/status.ts'
import { putContent } from '../session/content.ts'
import { sendFile, sendTree } from '../session/send-tree.ts'
import type { ClientSession } from '../session/session.ts'
import type { SolveRequest, TypedAttrs } from '../wire/types.ts'

/** An output of a client's, and where it is made before it is sent. */
export interface PlannedOutput {
  spec: OutputSpec
  /** Its place among the outputs of the client. */
  index: number
  /** `tree`: the files of a directory; `undefined`: nothing is sent. */
  sends: 'file' | 'tree' | undefined
}

/** What the outputs of a request are here; what is for the client is made in `directory` first. Throws `GrpcError`. */
export function planOutputs(
  request: Pick<SolveRequest, 'exporters' | 'exporterType' | 'exporterAttrs'>,
  directory: string,
): PlannedOutput[] {
  const { exporters, exporterType: type, exporterAttrs: attrs } = request
  const old = type === '' ? [] : [{ type, attrs }]
  const wanted = exporters.length > 0 ? exporters : old
  return wanted.map((exporter, index) => planOutput(exporter, index, directory))
}

function planOutput({ type, attrs }: TypedAttrs, index: number, directory: string): PlannedOutput {
  const destination = join(directory, `out-${index}`)
  switch (type) {
    case 'moby': {
      // Pushing is what the client does itself, when the image is here; and loaded it is by being here.
      const { push: _, load: _load, ...attributes } = attrs
      return {
        index,
        sends: undefined,
        spec: { type: 'image', destination: undefined, attributes },
      }
    }
    case 'image':
      return {
        index,
        sends: undefined,
        spec: { type: 'image', destination: undefined, attributes: attrs },
      }
    case 'docker':
    case 'oci':
      if (attrs.tar === 'false') {
        throw grpcError(
          'UNIMPLEMENTED',
          `the output ${type} is an archive here: leave out tar=false`,
        )
      }
      return { index, sends: 'file', spec: { type, destination, attributes: attrs } }
    case 'tar':
      return { index, sends: 'file', spec: { type, destination, attributes: attrs } }
    case 'local':
      return { index, sends: 'tree', spec: { type, destination, attributes: attrs } }
    default:
      throw grpcError('NOT_FOUND', `exporter ${JSON.stringify(type)} could not be found`)
  }
}

/** Sends what was made to where the client wants it. Throws `GrpcError`. */
export async function sendOutputs(
  outputs: readonly PlannedOutput[],
  session: ClientSession,
  signal: AbortSignal,
): Promise<void> {
  for (const { spec, index, sends } of outputs) {
    const to = { session, index, signal }
    if (sends === 'file') await sendFile(to, spec.destination ?? '')
    if (sends === 'tree') await sendTree(to, spec.destination ?? '')
  }
}

/** What outputs made, as BuildKit tells it: texts; what is a document is JSON in base64. */
export const answerOf = (exported: readonly ExportedImage[]): Record<string, string> =>
  Object.fromEntries(
    exported.flatMap(({ metadata }) =>
      Object.entries(metadata).map(([key, value]) => [
        key,
        typeof value === 'string' ? value : Buffer.from(JSON.stringify(value)).toString('base64'),
      ]),
    ),
  )

/** A cache that is written for the client. */
export interface PlannedCache {
  spec: CacheSpec
  /** The client's directory; `undefined`: it goes elsewhere. */
  store: string | undefined
}

/** What caches a build writes; those of the client's directories are made in `directory` first. */
export function planCaches({ cache }: SolveRequest, directory: string): PlannedCache[] {
  const { exportRef = '', exportAttrs = {}, exports = [] } = cache ?? {}
  const attrs: Record<string, string> = { ...exportAttrs, ref: exportRef }
  const old = exportRef === '' ? [] : [{ type: 'registry', attrs }]
  return [...old, ...exports].map(({ type, attrs }, index) => {
    if (type !== 'local') return { spec: { type, attributes: attrs }, store: undefined }
    const dest = join(directory, `cache-to-${index}`)
    return { spec: { type, attributes: { ...attrs, dest } }, store: `local:${attrs.dest ?? ''}` }
  })
}

/**
 * Puts caches into the client's directories, and returns what it needs to write their lists. Throws `GrpcError`.
 */
export async function sendCaches(
  caches: readonly PlannedCache[],
  session: ClientSession,
  signal: AbortSignal,
): Promise<Record<string, string>> {
  const answer: Record<string, string> = {}
  for (const { spec, store } of caches) {
    const { dest = '' } = spec.attributes
    // A cache of no step is not written.
    if (store === undefined || !existsSync(join(dest, 'index.json'))) continue
    const blobs = join(dest, 'blobs/sha256')
    for (const name of readdirSync(blobs))
      await putContent(
        { session, id: store, signal },
        `sha256:${name}` as Digest,
        join(blobs, name),
      )
    answer['cache.manifest'] = JSON.stringify(rootOf(dest))
  }
  return answer
}

const MAX_INDEX = 1024 * 1024

function rootOf(layout: string): unknown {
  const index = parseJson(readSmallFile(join(layout, 'index.json'), MAX_INDEX))
  const { manifests } = (index ?? {}) as { manifests?: unknown[] }
  return manifests?.at(-1)
}

/** Makes a private directory in another one. */
export function makeInside(directory: string, name: string): string {
  const path = join(directory, name)
  mkdirSync(path, { mode: 0o700 })
  return path
}
