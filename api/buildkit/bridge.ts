import type { Service } from '../http/call.ts'
import { noDefinitions } from './control.ts'
import type { GrpcCall, Method } from './grpc/server.ts'
import { GrpcError, grpcError } from './grpc/status.ts'
import { unary } from './grpc/unary.ts'
import { build } from './job/build.ts'
import type { Job } from './job/jobs.ts'
import type { BuildKitState } from './state.ts'
import {
  type BridgeSolveRequest,
  bridgeSolveRequest,
  bridgeSolveResponse,
  empty,
  evaluateRequest,
  pongResponse,
  type Result,
  returnRequest,
  type StatusDocument,
} from './wire/types.ts'
import { workerRecord } from './worker.ts'

const path = (name: string): string => `/moby.buildkit.v1.frontend.LLBBridge/${name}`
/** Says which build a call belongs to. */
const BUILD_ID = 'buildkit-controlapi-buildid'

/** What a client may use of the bridge; see moby/buildkit, frontend/gateway/pb/caps.go. */
const FRONTEND_CAPS = [
  ...['solve.base', 'return', 'returnmap', 'importcaches', 'proto.refarray', 'reference.output'],
  ...['gateway.solve.metadata', 'gateway.solve.evaluate', 'gateway.evaluate'],
]
/** What outputs can hold; see solver/pb/caps.go. */
const LLB_CAPS = ['exporter.image.attestations', 'exporter.image.annotations', 'exporter.multiple']

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
      path('Evaluate'),
      unary(evaluateRequest, empty, async ({ ref }, call) => {
        const job = await jobOf(call)
        // A result is told of when it is whole.
        if (ref !== '' && !job.results.has(ref)) throw grpcError('NOT_FOUND', `no such ref ${ref}`)
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
  if ((request.definition?.def.length ?? 0) > 0) throw noDefinitions()
  const { frontend, frontendOpt: options, frontendInputs: inputs, cacheImports } = request
  // Nothing is asked for: the empty result.
  if (frontend === '') return { metadata: {} }
  const call = { frontend, options, inputs, cacheImports }
  return await build(engine, state, job, call, AbortSignal.any([signal, job.signal]))
}

/** What the client says has failed: its own words, as far as it has any. */
const failureIn = ({ code, message, details }: StatusDocument): GrpcError =>
  new GrpcError(code, message, details)

/** Results are images and files; nobody looks into them from outside, or runs in them. */
const REFUSED = [
  ...['ResolveImageConfig', 'ReadFile', 'ReadDir', 'StatFile', 'Inputs'],
  ...['NewContainer', 'ReleaseContainer', 'ExecProcess', 'Warn'],
]

const refuse =
  (name: string): Method =>
  async () => {
    throw grpcError('UNIMPLEMENTED', `${name} is not supported: only Dockerfiles are built here`)
  }
