import type { Route } from '../http/call.ts'

/** Volumes. */
export const volumesRoutes: readonly Route[] = [
  { method: 'GET', path: '/volumes', load: async () => (await import('./list.ts')).list },
  {
    method: 'POST',
    path: '/volumes/create',
    load: async () => (await import('./create.ts')).create,
  },
  { method: 'POST', path: '/volumes/prune', load: async () => (await import('./prune.ts')).prune },
  { method: 'GET', path: '/volumes/:name*', load: async () => (await import('./list.ts')).inspect },
  {
    method: 'PUT',
    path: '/volumes/:name*',
    load: async () => (await import('./create.ts')).update,
  },
  {
    method: 'DELETE',
    path: '/volumes/:name*',
    load: async () => (await import('./remove.ts')).remove,
  },
]
