import type { Route } from '../http/call.ts'

/** BuildKit's own ways: connections on which both sides speak gRPC. */
export const buildkitRoutes: readonly Route[] = [
  {
    method: 'POST',
    path: '/session',
    upgrades: true,
    load: async () => (await import('./open-session.ts')).openSession,
  },
  {
    method: 'POST',
    path: '/grpc',
    upgrades: true,
    load: async () => (await import('./open-grpc.ts')).openGrpc,
  },
]
