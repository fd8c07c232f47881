import { buildRoutes } from './build/routes.ts'
import { buildkitRoutes } from './buildkit/routes.ts'
import { containersRoutes } from './containers/routes.ts'
import type { Route } from './http/call.ts'
import { imagesRoutes } from './images/routes.ts'
import { networksRoutes } from './networks/routes.ts'
import { streamsRoutes } from './streams/routes.ts'
import { swarmRoutes } from './swarm/routes.ts'
import { systemRoutes } from './system/routes.ts'
import { volumesRoutes } from './volumes/routes.ts'

/** Every endpoint; of several that match the first is meant. The module behind each is loaded with its first request. */
export const routes: readonly Route[] = [
  ...systemRoutes,
  ...streamsRoutes,
  ...containersRoutes,
  ...imagesRoutes,
  ...buildRoutes,
  ...networksRoutes,
  ...volumesRoutes,
  ...swarmRoutes,
  ...buildkitRoutes,
]
