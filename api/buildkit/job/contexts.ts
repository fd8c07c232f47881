import { posix } from 'node:path'
import { buildImages } from '../../../lib/build/build.ts'
import type { BuildClient } from '../../../lib/build/client.ts'
import { readHostDockerfile } from '../../../lib/build/context/dockerfile.ts'
import { IGNORE_FILE, readIgnoreFile } from '../../../lib/build/context/ignore.ts'
import { aroundStep } from '../../../lib/build/export/step.ts'
import { LABELS } from '../../../lib/build/internal-names.ts'
import type { BuildOptions } from '../../../lib/build/options.ts'
import type { BuildProgress } from '../../../lib/build/progress.ts'
import type { Digest } from '../../../lib/core/ids.ts'
import { grpcError } from '../grpc/status.ts'
import { fetchContent, writeIndex } from '../session/content.ts'
import type { Definition } from '../wire/types.ts'
import type { FrontendRequest } from './frontend.ts'
import { makeInside } from './outputs.ts'
import { resultIn } from './reference.ts'
import type { BuildScene } from './scene.ts'

/** Contexts with names of their own, where they are here: what the client has is copied first. Throws `GrpcError`. */
export async function readContexts(
  scene: BuildScene,
  { contexts }: FrontendRequest,
  inputs: Readonly<Record<string, Definition>>,
  client: BuildClient,
): Promise<Record<string, string>> {
  const found: Record<string, string> = {}
  for (const [index, [name, place]] of Object.entries(contexts).entries()) {
    const into = (): string => makeInside(scene.directory, `context-${index}`)
    const rest = place.slice(place.indexOf(':') + 1)
    if (place.startsWith('local:')) found[name] = await copyLocal(scene, client, name, rest, into())
    else if (place.startsWith('input:')) found[name] = await buildInput(scene, inputs, rest, into())
    else if (place.startsWith('oci-layout:')) found[name] = await copyLayout(scene, rest, into())
    else if (ADDRESS.test(place)) found[name] = place
    else throw grpcError('INVALID_ARGUMENT', `unsupported context source ${place} for ${name}`)
  }
  return found
}

/** What is fetched from where everybody can fetch it. */
const ADDRESS = /^(docker-image:\/\/|https?:\/\/|git:\/\/|ssh:\/\/|git@)/

async function copyLocal(
  { job, signal }: BuildScene,
  client: BuildClient,
  name: string,
  local: string,
  into: string,
): Promise<string> {
  return await aroundStep(LABELS.named(name), job.progress, async (onStep) => {
    const copy = (paths: string[], exclude: readonly string[]) =>
      client.copy({ name: local, into, paths, exclude, onBytes: () => undefined, signal })
    const done = onStep(LABELS.transfer(name))
    await copy([IGNORE_FILE], [])
    await copy([], readIgnoreFile(into, undefined)?.patterns ?? [])
    done()
    return into
  })
}

/** A directory of the client's, as it calls it, perhaps a tag, and what the client has found there. */
const STORE = /^\/\/([^@:]+)(?::[^@]*)?@(sha256:[0-9a-f]{64})$/

async function copyLayout(
  { session, signal }: BuildScene,
  place: string,
  into: string,
): Promise<string> {
  const [, id, digest] = STORE.exec(place) ?? []
  if (id === undefined) throw grpcError('INVALID_ARGUMENT', `invalid layout oci-layout:${place}`)
  await fetchContent({ session, id: `oci:${id}`, signal }, digest as Digest, into)
  writeIndex(into, digest as Digest)
  return `oci-layout://${into}@${digest}`
}

/** What another build of this client has made, found in the cache once more: as an image for this one alone. */
async function buildInput(
  { engine, state, signal }: BuildScene,
  inputs: Readonly<Record<string, Definition>>,
  key: string,
  destination: string,
): Promise<string> {
  const [name = ''] = key.split('::')
  const definition = Object.entries(inputs).find(([input]) => input.split('::')[0] === name)?.[1]
  const id = definition && resultIn(definition)
  const result = id === undefined ? undefined : state.jobs.result(id)
  if (!result) {
    throw grpcError('UNIMPLEMENTED', `the context ${name} is no result of a build of this service`)
  }
  // Its steps were told of when it was built.
  await buildImages(engine, inputOptions(result.options, destination), SILENT, signal)
  return `oci-layout://${destination}`
}

const SILENT: BuildProgress = {
  vertex: () => undefined,
  status: () => undefined,
  log: () => undefined,
  warning: () => undefined,
}

const inputOptions = (options: BuildOptions, destination: string): BuildOptions => ({
  ...options,
  annotations: [],
  cacheTo: [],
  outputs: [
    { type: 'oci', destination, attributes: { tar: 'false', compression: 'uncompressed' } },
  ],
  attests: [{ type: 'provenance', disabled: true, attributes: {} }],
  noCache: false,
  noCacheFilter: [],
  pull: false,
})

/** The text of a Dockerfile that a client has for a context that is elsewhere. Throws `DockerfileError`. */
export async function readClientDockerfile(
  client: BuildClient,
  { dockerfile: name }: { dockerfile: string },
  into: string,
  file: string | undefined,
  signal: AbortSignal,
): Promise<string> {
  const paths = [file ?? 'Dockerfile']
  await client.copy({ name, into, paths, exclude: [], onBytes: () => undefined, signal })
  const place = file === undefined ? undefined : posix.join(into, file)
  return readHostDockerfile(into, place).bytes.toString('utf8')
}
