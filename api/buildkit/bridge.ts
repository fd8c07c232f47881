import { randomHex } from '../../lib/core/random.ts'
import type { Service } from '../http/call.ts'
import type { GrpcCall, Method } from './grpc/server.ts'
import { GrpcError, grpcError } from './grpc/status.ts'
import { unary } from './grpc/unary.ts'
import { build } from './job/build.ts'
import type { Job } from './job/jobs.ts'
import { fetchSource } from './job/sources.ts'
import { goMode } from './session/packets.ts'
import type { BuildKitState } from './state.ts'
import {
  type BridgeSolveRequest,
  bridgeSolveRequest,
  bridgeSolveResponse,
  empty,
  evaluateRequest,
  pongResponse,
  type Result,
  readFileRequest,
  readFileResponse,
  returnRequest,
  type StatusDocument,
  statFileRequest,
  statFileResponse,
} from './wire/types.ts'
import { workerRecord } from './worker.ts'

const path = (name: string): string => `/moby.buildkit.v1.frontend.LLBBridge/${name}`
/** Says which build a call belongs to. */
const BUILD_ID = 'buildkit-controlapi-buildid'

/** What a client may use of the bridge; see moby/buildkit, frontend/gateway/pb/caps.go. */
const FRONTEND_CAPS = [
  ...['readfile', 'statfile'],
  ...['solve.base', 'return', 'returnmap', 'importcaches', 'proto.refarray', 'reference.output'],
  ...['gateway.solve.metadata', 'gateway.solve.evaluate', 'gateway.evaluate'],
]
/** What outputs can hold; see solver/pb/caps.go. */
const LLB_CAPS = [
  ...['exporter.image.attestations', 'exporter.image.annotations', 'exporter.multiple'],
  // What can be fetched to be read; see `fetchSource`.
  ...['source.http', 'source.http.checksum', 'source.git', 'source.git.fullurl'],
  ...['source.git.keepgitdir', 'source.git.httpauth', 'source.git.subdir'],
  ...['constraints', 'platform', 'meta.description', 'meta.ignorecache'],
]

const caps = (ids: readonly string[]) => ids.map((id) => ({ id, enabled: true }))

/** The methods of moby.buildkit.v1.frontend.LLBBridge: a client that builds by itself asks for each part. */
export function bridgeMethods(service: Service, state: BuildKitState): [string, Method][] {
  const jobOf = ({ metadata, signal }: GrpcCall): Promise<Job> =>
    state.jobs.find(String(metadata[BUILD_ID] ?? ''), signal)
  return [
    [
      path('Ping'),
      unary(empty, pongResponse, async (_, call) => {
        await jobOf(call)
        return {
          frontendCaps: caps(FRONTEND_CAPS),
          llbCaps: caps(LLB_CAPS),
          workers: [await workerRecord(service.engine)],
        }
      }),
    ],
    [
      path('Solve'),
      unary(bridgeSolveRequest, bridgeSolveResponse, async (request, call) => ({
        result: await solve(service, state, await jobOf(call), request, call.signal),
      })),
    ],
    [
      path('Return'),
      unary(returnRequest, empty, async ({ error }, call) => {
        const job = await jobOf(call)
        job.return(error ? failureIn(error) : undefined)
        return {}
      }),
    ],
    [
      path('ReadFile'),
      unary(readFileRequest, readFileResponse, async ({ ref, path: name, range }, call) => {
        const bytes = await readSource(await jobOf(call), ref, name)
        const { offset = 0, length = bytes.length } = range ?? {}
        return { data: bytes.subarray(offset, offset + length) }
      }),
    ],
    [
      path('StatFile'),
      unary(statFileRequest, statFileResponse, async ({ ref, path: name }, call) => {
        const { length } = await readSource(await jobOf(call), ref, name)
        return { stat: { path: name, mode: goMode('file', 0o644), size: length } }
      }),
    ],
    [
      path('Evaluate'),
      unary(evaluateRequest, empty, async ({ ref }, call) => {
        const job = await jobOf(call)
        // A result is told of when it is whole.
        const isKnown = job.results.has(ref) || job.sources.has(ref)
        if (ref !== '' && !isKnown) throw grpcError('NOT_FOUND', `no such ref ${ref}`)
        return {}
      }),
    ],
    ...REFUSED.map((name): [string, Method] => [path(name), refuse(name)]),
  ]
}

async function solve(
  { engine }: Service,
  state: BuildKitState,
  job: Job,
  request: BridgeSolveRequest,
  signal: AbortSignal,
): Promise<Partial<Result>> {
  const { definition } = request
  if (definition && definition.def.length > 0) {
    const id = randomHex(16)
    job.sources.set(id, await fetchSource(engine, state, job, definition, signal))
    return { ref: { id, def: definition }, metadata: {} }
  }
  const { frontend, frontendOpt: options, frontendInputs: inputs, cacheImports } = request
  // Nothing is asked for: the empty result.
  if (frontend === '') return { metadata: {} }
  const call = { frontend, options, inputs, cacheImports }
  return await build(engine, state, job, call, AbortSignal.any([signal, job.signal]))
}

/** What the client says has failed: its own words, as far as it has any. */
const failureIn = ({ code, message, details }: StatusDocument): GrpcError =>
  new GrpcError(code, message, details)

/** Far more than a Dockerfile or a bake file has. */
const MAX_FILE = 8 * 1024 * 1024

/** A file of what was fetched; results of builds are looked into by nobody. Throws `GrpcError`. */
async function readSource({ sources }: Job, ref: string, path: string): Promise<Buffer> {
  const bytes = await sources.get(ref)?.tree.readFile(path, MAX_FILE)
  if (bytes) return bytes
  throw grpcError('NOT_FOUND', `open ${path}: no such file or directory`)
}

/** Results are images and files; nobody looks into them from outside, or runs in them. */
const REFUSED = [
  ...['ResolveImageConfig', 'ReadDir', 'Inputs'],
  ...['NewContainer', 'ReleaseContainer', 'ExecProcess', 'Warn'],
]

const refuse =
  (name: string): Method =>
  async () => {
    throw grpcError('UNIMPLEMENTED', `${name} is not supported: only Dockerfiles are built here`)
  }
