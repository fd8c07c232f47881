import type { Engine } from '../engine.ts'
import { isEngineSocket, usualSocket } from '../host/engine-socket.ts'
import type { HostPaths } from '../host/paths.ts'
import { answers, ensureService } from '../host/service.ts'
import { listUnended } from './catalog.ts'
import type { ContainerRecord } from './record.ts'

/**
 * The sockets that are mounted in the place of Docker's, by the places in the container: where nobody answers at the source this
 * engine's own. One that is started for it stays while the container runs. `undefined`: the container wants none.
 */
export async function findEngineSockets(
  engine: Engine,
  { mounts }: ContainerRecord,
): Promise<ReadonlyMap<string, string> | undefined> {
  const wanted = mounts.filter(
    (mount) => mount.type === 'bind' && isEngineSocket(engine.paths, mount.source),
  )
  if (wanted.length === 0) return undefined
  const sockets = new Map<string, string>()
  for (const mount of wanted) {
    if (mount.type !== 'bind' || (await answers(mount.source))) continue
    sockets.set(mount.destination, await ownSocket(engine))
  }
  return sockets
}

async function ownSocket({ paths, socket }: Engine): Promise<string> {
  if (socket !== undefined) return socket
  await ensureService(paths)
  return usualSocket(paths.runtime)
}

/** Whether a container that is up may have this user's socket: the service must stay while it does. */
export const isSocketInUse = (paths: HostPaths): boolean =>
  listUnended(paths.data).some(({ record }) =>
    record.mounts.some((mount) => mount.type === 'bind' && isEngineSocket(paths, mount.source)),
  )
