import type { Handler, Route } from '../http/call.ts'

const load = async () => await import('./answers.ts')

/** What only a manager of a swarm answers. */
const forManagers: readonly [Route['method'], string][] = [
  ['GET', '/swarm'],
  ['GET', '/swarm/unlockkey'],
  ['POST', '/swarm/unlock'],
  ['GET', '/nodes'],
  ['GET', '/nodes/:id'],
  ['DELETE', '/nodes/:id'],
  ['GET', '/services'],
  ['POST', '/services/create'],
  ['GET', '/services/:id'],
  ['DELETE', '/services/:id'],
  ['GET', '/tasks'],
  ['GET', '/tasks/:id'],
  ['GET', '/secrets'],
  ['POST', '/secrets/create'],
  ['GET', '/secrets/:id'],
  ['DELETE', '/secrets/:id'],
  ['GET', '/configs'],
  ['POST', '/configs/create'],
  ['GET', '/configs/:id'],
  ['DELETE', '/configs/:id'],
]

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
  route('POST', '/swarm/update', async () => (await load()).refuseUpdate('swarm')),
  ...['node', 'service', 'secret', 'config'].map((kind) =>
    route('POST', `/${kind}s/:id/update`, async () => (await load()).refuseUpdate(kind)),
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
