import type { Route } from '../http/call.ts'

const run = () => import('./run.ts')
const files = () => import('./files.ts')
const refuseCheckpoints = async () => (await import('./checkpoints.ts')).refuseCheckpoints

export const containersRoutes: readonly Route[] = [
  { method: 'GET', path: '/containers/json', load: async () => (await import('./list.ts')).list },
  {
    method: 'POST',
    path: '/containers/create',
    load: async () => (await import('./create/create.ts')).create,
  },
  {
    method: 'POST',
    path: '/containers/prune',
    load: async () => (await import('./remove.ts')).prune,
  },
  {
    method: 'GET',
    path: '/containers/:id*/json',
    load: async () => (await import('./inspect.ts')).inspect,
  },
  { method: 'POST', path: '/containers/:id*/stop', load: async () => (await run()).stop },
  { method: 'POST', path: '/containers/:id*/restart', load: async () => (await run()).restart },
  { method: 'POST', path: '/containers/:id*/kill', load: async () => (await run()).kill },
  { method: 'POST', path: '/containers/:id*/pause', load: async () => (await run()).pause },
  { method: 'POST', path: '/containers/:id*/unpause', load: async () => (await run()).unpause },
  {
    method: 'GET',
    path: '/containers/:id*/top',
    load: async () => (await import('./top.ts')).top,
  },
  {
    method: 'GET',
    path: '/containers/:id*/logs',
    load: async () => (await import('./logs.ts')).logs,
  },
  {
    method: 'GET',
    path: '/containers/:id*/stats',
    load: async () => (await import('./stats.ts')).stats,
  },
  {
    method: 'POST',
    path: '/containers/:id*/rename',
    load: async () => (await import('./change.ts')).rename,
  },
  {
    method: 'POST',
    path: '/containers/:id*/update',
    load: async () => (await import('./change.ts')).update,
  },
  { method: 'GET', path: '/containers/:id*/changes', load: async () => (await files()).changes },
  { method: 'GET', path: '/containers/:id*/export', load: async () => (await files()).exportFiles },
  { method: 'HEAD', path: '/containers/:id*/archive', load: async () => (await files()).stat },
  { method: 'GET', path: '/containers/:id*/archive', load: async () => (await files()).get },
  { method: 'PUT', path: '/containers/:id*/archive', load: async () => (await files()).put },
  { method: 'POST', path: '/commit', load: async () => (await import('./commit.ts')).commit },
  { method: 'GET', path: '/containers/:id*/checkpoints', load: refuseCheckpoints },
  { method: 'POST', path: '/containers/:id*/checkpoints', load: refuseCheckpoints },
  { method: 'DELETE', path: '/containers/:id*/checkpoints/:checkpoint', load: refuseCheckpoints },
  {
    method: 'DELETE',
    // A link has a slash in its name.
    path: '/containers/:id*',
    load: async () => (await import('./remove.ts')).remove,
  },
]
