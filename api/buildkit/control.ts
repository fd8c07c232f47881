import type { Service } from '../http/call.ts'
import type { Method } from './grpc/server.ts'
import { grpcError } from './grpc/status.ts'
import { serverStream, unary } from './grpc/unary.ts'
import { build } from './job/build.ts'
import type { Job } from './job/jobs.ts'
import { carrySession } from './session/carried.ts'
import type { BuildKitState } from './state.ts'
import { listUsage, prune } from './usage.ts'
import {
  diskUsageRequest,
  diskUsageResponse,
  empty,
  infoResponse,
  listWorkersResponse,
  pruneRequest,
  type SolveRequest,
  solveRequest,
  solveResponse,
  statusRequest,
  statusResponse,
  usageRecord,
} from './wire/types.ts'
import { workerRecord, workerVersion } from './worker.ts'

const path = (name: string): string => `/moby.buildkit.v1.Control/${name}`

/** The methods of moby.buildkit.v1.Control. */
export function controlMethods(service: Service, state: BuildKitState): [string, Method][] {
  const { engine } = service
  return [
    [
      path('Solve'),
      unary(solveRequest, solveResponse, async (request, { signal }) => ({
        exporterResponse: await solve(service, state, request, signal),
      })),
    ],
    [
      path('Status'),
      serverStream(statusRequest, statusResponse, async ({ ref }, { signal }, send) => {
        const job = await state.jobs.find(ref, signal)
        for await (const message of job.progress.read(signal)) await send(message)
      }),
    ],
    [path('Session'), (call) => carrySession(state.sessions, call)],
    [
      path('ListWorkers'),
      unary(empty, listWorkersResponse, async () => ({ record: [await workerRecord(engine)] })),
    ],
    [path('Info'), unary(empty, infoResponse, async () => ({ buildkitVersion: workerVersion() }))],
    [
      path('DiskUsage'),
      unary(diskUsageRequest, diskUsageResponse, async ({ filter, ageLimit }) => ({
        record: await listUsage(engine, filter, ageLimit),
      })),
    ],
    [
      path('Prune'),
      serverStream(pruneRequest, usageRecord, async (request, _, send) => {
        for (const record of await prune(engine, request)) await send(record)
      }),
    ],
  ]
}

/** A build. Without a front end of its own the client asks for it on the bridge, and says when it has what it wanted. */
async function solve(
  service: Service,
  state: BuildKitState,
  request: SolveRequest,
  signal: AbortSignal,
): Promise<Record<string, string>> {
  if ((request.definition?.def.length ?? 0) > 0) throw noDefinitions()
  if (request.sourcePolicy.length > 0) {
    throw grpcError('UNIMPLEMENTED', 'source policies are not supported')
  }
  return await state.jobs.run(request, async (job) => {
    const stop = (): void => job.stop(signal.reason)
    signal.addEventListener('abort', stop, { once: true })
    try {
      if (request.frontend === '') await job.returned
      else await buildNow(service, state, job)
      return job.exported
    } finally {
      signal.removeEventListener('abort', stop)
    }
  })
}

async function buildNow(service: Service, state: BuildKitState, job: Job): Promise<void> {
  const { frontend, frontendAttrs: options, frontendInputs: inputs } = job.request
  const call = { frontend, options, inputs, cacheImports: [] }
  await build(service.engine, state, job, call, job.signal)
}

/** What other programs than Dockerfiles' make: graphs of operations. */
const noDefinitions = () =>
  grpcError(
    'UNIMPLEMENTED',
    'definitions in LLB are not supported: only Dockerfiles are built here',
  )
