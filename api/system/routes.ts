import type { Route } from '../http/call.ts'

/** The engine as a whole. */
export const systemRoutes: readonly Route[] = [
  { method: 'GET', path: '/_ping', load: async () => (await import('./ping.ts')).ping },
  { method: 'HEAD', path: '/_ping', load: async () => (await import('./ping.ts')).ping },
  { method: 'GET', path: '/version', load: async () => (await import('./version.ts')).version },
  { method: 'GET', path: '/info', load: async () => (await import('./info.ts')).info },
  { method: 'GET', path: '/system/df', load: async () => (await import('./df.ts')).df },
  { method: 'GET', path: '/events', load: async () => (await import('./events.ts')).events },
]
