import type { Route } from '../http/call.ts'

/** Containers and further processes of theirs that run: what they read and write, and their ends. */
export const streamsRoutes: readonly Route[] = [
  {
    method: 'POST',
    path: '/containers/:id*/start',
    load: async () => (await import('./start.ts')).start,
  },
  {
    method: 'POST',
    path: '/containers/:id*/wait',
    load: async () => (await import('./wait.ts')).wait,
  },
  {
    method: 'POST',
    path: '/containers/:id*/attach',
    upgrades: true,
    load: async () => (await import('./attach.ts')).attach,
  },
  {
    method: 'GET',
    path: '/containers/:id*/attach/ws',
    upgrades: true,
    load: async () => (await import('./attach-ws.ts')).attachWebSocket,
  },
  {
    method: 'POST',
    path: '/containers/:id*/resize',
    load: async () => (await import('./resize.ts')).resize,
  },
  {
    method: 'POST',
    path: '/containers/:id*/exec',
    load: async () => (await import('./exec-create.ts')).createExec,
  },
  {
    method: 'POST',
    path: '/exec/:id/start',
    upgrades: true,
    load: async () => (await import('./exec-start.ts')).startExec,
  },
  {
    method: 'POST',
    path: '/exec/:id/resize',
    load: async () => (await import('./exec-resize.ts')).resizeExec,
  },
  {
    method: 'GET',
    path: '/exec/:id/json',
    load: async () => (await import('./exec-inspect.ts')).inspectExec,
  },
]
