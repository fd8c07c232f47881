import type { Handler, Route } from '../http/call.ts'

const load = async () => await import('./answers.ts')

/** What only a manager of a swarm answers. */
const forManagers: readonly [Route['method'], string][] = [
  ['GET', '/swarm'],
  ['GET', '/swarm/unlockkey'],
  ['GET', '/nodes'],
  ['GET', '/nodes/:id'],
  ['DELETE', '/nodes/:id'],
  ['GET', '/services'],
  ['GET', '/services/:id'],
  ['DELETE', '/services/:id'],
  ['GET', '/tasks'],
  ['GET', '/tasks/:id'],
  ['GET', '/secrets'],
  ['GET', '/secrets/:id'],
  ['DELETE', '/secrets/:id'],
  ['GET', '/configs'],
  ['GET', '/configs/:id'],
  ['DELETE', '/configs/:id'],
]

/** What only a manager answers, with the documents that it takes. */
const documents = {
  '/swarm/unlock': 'UnlockRequest',
  '/services/create': 'ServiceSpec',
  '/secrets/create': 'SecretSpec',
  '/configs/create': 'ConfigSpec',
}

const updates = [
  ['swarm', '/swarm/update', 'Spec'],
  ['node', '/nodes/:id/update', 'NodeSpec'],
  ['service', '/services/:id/update', 'ServiceSpec'],
  ['secret', '/secrets/:id/update', 'SecretSpec'],
  ['config', '/configs/:id/update', 'ConfigSpec'],
] as const

const route = (method: Route['method'], path: string, handler: () => Promise<Handler>): Route => ({
  method,
  path,
  load: handler,
})

/** Swarms, of which no engine here is a part, and plugins that an engine installs, of which there are none. */
export const swarmRoutes: readonly Route[] = [
  ...forManagers.map(([method, path]) =>
    route(method, path, async () => (await load()).refuseManager),
  ),
  route('POST', '/swarm/init', async () => (await load()).refuseInit),
  route('POST', '/swarm/join', async () => (await load()).refuseInit),
  route('POST', '/swarm/leave', async () => (await load()).refuseLeave),
  ...Object.entries(documents).map(([path, type]) =>
    route('POST', path, async () => (await load()).refuseDocument(type)),
  ),
  ...updates.map(([kind, path, type]) =>
    route('POST', path, async () => (await load()).refuseUpdate(kind, type)),
  ),
  ...['/services/:id/logs', '/tasks/:id/logs'].map((path) =>
    route('GET', path, async () => (await load()).refuseLogs),
  ),
  route('GET', '/plugins', async () => (await load()).listPlugins),
  route('GET', '/plugins/privileges', async () => (await load()).refusePlugins),
  route('POST', '/plugins/pull', async () => (await load()).refusePlugins),
  route('POST', '/plugins/create', async () => (await load()).refusePlugins),
  route('GET', '/plugins/:name*/json', async () => (await load()).missPlugin),
  ...['enable', 'disable', 'upgrade', 'push', 'set'].map((verb) =>
    route('POST', `/plugins/:name*/${verb}`, async () => (await load()).missPlugin),
  ),
  route('DELETE', '/plugins/:name*', async () => (await load()).missPlugin),
]
