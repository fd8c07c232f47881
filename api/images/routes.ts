import type { Route } from '../http/call.ts'

/** Images here and in registries. A name may have slashes: what is no name stands first. */
export const imagesRoutes: readonly Route[] = [
  { method: 'GET', path: '/images/json', load: async () => (await import('./list.ts')).list },
  { method: 'GET', path: '/images/search', load: async () => (await import('./search.ts')).search },
  { method: 'GET', path: '/images/get', load: async () => (await import('./save.ts')).saveMany },
  {
    method: 'GET',
    path: '/images/:name*/json',
    load: async () => (await import('./inspect.ts')).inspect,
  },
  {
    method: 'GET',
    path: '/images/:name*/history',
    load: async () => (await import('./history.ts')).history,
  },
  {
    method: 'GET',
    path: '/images/:name*/get',
    load: async () => (await import('./save.ts')).saveOne,
  },
  {
    method: 'POST',
    path: '/images/create',
    load: async () => (await import('./create.ts')).create,
  },
  { method: 'POST', path: '/images/load', load: async () => (await import('./load.ts')).load },
  { method: 'POST', path: '/images/prune', load: async () => (await import('./prune.ts')).prune },
  {
    method: 'POST',
    path: '/images/:name*/push',
    load: async () => (await import('./push.ts')).push,
  },
  {
    method: 'POST',
    path: '/images/:name*/tag',
    load: async () => (await import('./tag.ts')).tag,
  },
  {
    method: 'DELETE',
    path: '/images/:name*',
    load: async () => (await import('./remove.ts')).remove,
  },
  {
    method: 'GET',
    path: '/distribution/:name*/json',
    load: async () => (await import('./distribution.ts')).distribution,
  },
  { method: 'POST', path: '/auth', load: async () => (await import('./auth.ts')).auth },
]
