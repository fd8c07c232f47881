import { buildImages } from '../../../lib/build/build.ts'
import { aroundStep } from '../../../lib/build/export/step.ts'
import type { BuildOptions, CacheSpec } from '../../../lib/build/options.ts'
import { randomHex } from '../../../lib/core/random.ts'
import { type Engine, withCredentials } from '../../../lib/engine.ts'
import { makeDraft } from '../../../lib/fs/drafts.ts'
import { ownIdentity } from '../../../lib/host/process.ts'
import { withOwnConnections } from '../../../lib/registry/transport.ts'
import { removeTrees } from '../../../lib/runtime/userns.ts'
import { grpcError } from '../grpc/status.ts'
import { askCredentials } from '../session/attached.ts'
import { isUpload, openUpload } from '../session/upload.ts'
import type { BuildKitState } from '../state.ts'
import type { Definition, Result, TypedAttrs } from '../wire/types.ts'
import { SessionClient } from './client.ts'
import { readContexts } from './contexts.ts'
import { type FrontendRequest, readFrontend } from './frontend.ts'
import { fetchCaches } from './imports.ts'
import type { Job } from './jobs.ts'
import {
  answerOf,
  makeInside,
  planCaches,
  planOutputs,
  sendCaches,
  sendOutputs,
} from './outputs.ts'
import { answerQuestion } from './question.ts'
import { definitionOf } from './reference.ts'
import type { BuildScene } from './scene.ts'

/** What a client asks a front end for. */
export interface FrontendCall {
  frontend: string
  options: Readonly<Record<string, string>>
  inputs: Readonly<Record<string, Definition>>
  cacheImports: readonly TypedAttrs[]
}

/**
 * Builds what a client asks for and gives it to its outputs, or answers a question about its Dockerfile. Throws `DockerfileError`,
 * `GrpcError`, and what registries, the host and the disk have against it.
 */
export async function build(
  engine: Engine,
  state: BuildKitState,
  job: Job,
  call: FrontendCall,
  signal: AbortSignal,
): Promise<Partial<Result>> {
  const request = readFrontend(call.frontend, call.options)
  const session = await state.sessions.find(job.request.session, signal)
  const own = withCredentials(engine, (registry) => askCredentials(session, registry, signal))
  const directory = makeDraft(engine.paths.data, ownIdentity())
  try {
    const scene = { engine: own, state, session, job, directory, signal }
    return await withOwnConnections(signal, () => buildIn(scene, request, call))
  } finally {
    const namespace = { program: engine.native().program, idMap: engine.idMap() }
    await removeTrees(namespace, [directory]).catch(() => undefined)
  }
}

async function buildIn(
  scene: BuildScene,
  request: FrontendRequest,
  call: FrontendCall,
): Promise<Partial<Result>> {
  const { engine, session, job, directory, signal } = scene
  const directories = request.remote === undefined ? request.directories : undefined
  using client = new SessionClient(session, directories, makeInside(directory, 'sockets'), signal)
  const outputs = planOutputs(job.request, directory)
  const caches = planCaches(job.request, directory)
  const options: BuildOptions = {
    ...request.options,
    ...(await sourceOf(scene, request, client)),
    contexts: await readContexts(scene, request, call.inputs, client),
    annotations: [],
    tags: [],
    outputs: outputs.length > 0 ? outputs.map(({ spec }) => spec) : [NOTHING],
    cacheFrom: await fetchCaches(scene, importsOf(scene, request, call)),
    cacheTo: caches.map(({ spec }) => spec),
    secrets: [],
    ssh: [],
    allow: job.request.entitlements,
    client,
  }
  if (request.question !== undefined) {
    const { question } = request
    const metadata = await answerQuestion(engine, question, options, job.progress, signal)
    return { metadata }
  }
  const { exported } = await buildImages(engine, options, job.progress, signal)
  if (outputs.some(({ sends }) => sends !== undefined)) {
    const send = () => sendOutputs(outputs, session, signal)
    await aroundStep('sending to client', job.progress, send)
  }
  const written = await sendCaches(caches, session, signal)
  job.exported = { ...job.exported, ...answerOf(exported), ...written }
  return resultOf(job, options)
}

const NOTHING = { type: 'cacheonly', destination: undefined, attributes: {} } as const

/** The context and the Dockerfile, wherever they are. */
async function sourceOf(
  { session, directory, signal }: BuildScene,
  { remote, ownDockerfile, directories, options: { file } }: FrontendRequest,
  client: SessionClient,
): Promise<Pick<BuildOptions, 'context' | 'stdin'> & { inline?: string }> {
  if (remote === undefined) return { context: directories.context, stdin: process.stdin }
  const place = isUpload(remote)
    ? { context: '-', stdin: openUpload(session, remote, signal) }
    : { context: checkRemote(remote), stdin: process.stdin }
  if (!ownDockerfile) return place
  const { readClientDockerfile } = await import('./contexts.ts')
  const into = makeInside(directory, 'dockerfile')
  return { ...place, inline: await readClientDockerfile(client, directories, into, file, signal) }
}

/** A client's context is no path of this machine's. Throws `GrpcError`. */
function checkRemote(address: string): string {
  if (/^(https?:\/\/|git:\/\/|ssh:\/\/|git@|github\.com\/)/.test(address)) return address
  throw grpcError('INVALID_ARGUMENT', `no context: ${JSON.stringify(address)} is no address`)
}

function importsOf(
  { job }: BuildScene,
  { cacheImports }: FrontendRequest,
  call: FrontendCall,
): CacheSpec[] {
  const { importRefs = [], imports = [] } = job.request.cache ?? {}
  const typed = [...imports, ...call.cacheImports]
  const all: CacheSpec[] = [
    ...cacheImports,
    ...importRefs.map((ref) => ({ type: 'registry', attributes: { ref } })),
    ...typed.map(({ type, attrs }) => ({ type, attributes: attrs })),
  ]
  const byText = new Map(all.map((spec) => [JSON.stringify(spec), spec]))
  return [...byText.values()]
}

/** What the client is told of a result: enough to build something else on top of it. */
function resultOf(job: Job, options: BuildOptions): Partial<Result> {
  const id = randomHex(16)
  job.results.set(id, { options })
  const ref = { id, def: definitionOf(id) }
  const { platforms } = options
  if (platforms.length < 2) return { ref }
  const described = platforms.map((name) => {
    const [os = '', architecture = '', variant] = name.split('/')
    return { ID: name, Platform: { os, architecture, ...(variant ? { variant } : {}) } }
  })
  const metadata = {
    'refs.platforms': Buffer.from(JSON.stringify({ Platforms: described })),
  }
  return { refs: { refs: Object.fromEntries(platforms.map((name) => [name, ref])) }, metadata }
}
