import type { Route } from '../http/call.ts'

/** Builds, and what they leave for later ones. */
export const buildRoutes: readonly Route[] = [
  { method: 'POST', path: '/build', load: async () => (await import('./build.ts')).build },
  { method: 'POST', path: '/build/prune', load: async () => (await import('./prune.ts')).prune },
  { method: 'POST', path: '/build/cancel', load: async () => (await import('./cancel.ts')).cancel },
]
