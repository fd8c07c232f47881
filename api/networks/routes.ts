import type { Route } from '../http/call.ts'

/** Networks, and who is on them. A name may have slashes. */
export const networksRoutes: readonly Route[] = [
  { method: 'GET', path: '/networks', load: async () => (await import('./list.ts')).list },
  {
    method: 'POST',
    path: '/networks/create',
    load: async () => (await import('./create.ts')).create,
  },
  {
    method: 'POST',
    path: '/networks/prune',
    load: async () => (await import('./prune.ts')).prune,
  },
  {
    method: 'GET',
    path: '/networks/:name*',
    load: async () => (await import('./list.ts')).inspect,
  },
  {
    method: 'DELETE',
    path: '/networks/:name*',
    load: async () => (await import('./remove.ts')).remove,
  },
  {
    method: 'POST',
    path: '/networks/:name*/connect',
    load: async () => (await import('./connect.ts')).connect,
  },
  {
    method: 'POST',
    path: '/networks/:name*/disconnect',
    load: async () => (await import('./connect.ts')).disconnect,
  },
]
