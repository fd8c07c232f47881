import type { Route } from '../http/call.ts'

/** The engine as a whole. */
export const systemRoutes: readonly Route[] = [
  { method: 'GET', path: '/_ping', load: async () => (await import('./ping.ts')).ping },
  { method: 'HEAD', path: '/_ping', load: async () => (await import('./ping.ts')).ping },
]
