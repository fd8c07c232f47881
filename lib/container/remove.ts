import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { LighterError } from '../core/errors.ts'
import type { Engine } from '../engine.ts'
import { moveToTrash } from '../fs/trash.ts'
import { isAlive } from '../host/process.ts'
import { removeTrees } from '../runtime/userns.ts'
import { recordVolumeEvent, volumeDirectory } from '../volume/volume.ts'
import { type Container, containerDirectory } from './catalog.ts'
import { recordContainerEvent } from './events.ts'
import { releaseName, releaseNamesOf } from './names.ts'
import { anonymousVolumes } from './record.ts'
import { isLive, type LiveState, readState } from './state.ts'
import { killContainer, SIGKILL } from './stop.ts'

export interface RemoveOptions {
  force: boolean
  volumes: boolean
}

/** Removes a container and what only it had. Repeatable: what is gone already is no error. */
export async function removeContainer(
  engine: Engine,
  container: Container,
  options: RemoveOptions,
): Promise<void> {
  const { record, directory } = container
  const { data } = engine.paths
  const state = readState(directory)
  if (isLive(state)) {
    if (!options.force) throw stillRunning(record.name, state)
    await killContainer(engine.paths, container, SIGKILL).catch((error: unknown) => {
      if (!(error instanceof LighterError && error.code === 'not-running')) throw error
    })
  }
  const own = moveToTrash(data, directory)
  const doomed = [own]
  if (options.volumes || record.host.autoRemove) {
    for (const name of anonymousVolumes(record)) {
      const volume = moveToTrash(data, volumeDirectory(data, name))
      if (volume !== undefined) recordVolumeEvent(data, name, 'destroy')
      doomed.push(volume)
    }
  }
  releaseName(data, record.name, record.id)
  // Of several who remove it one moved it.
  if (own !== undefined) recordContainerEvent(data, record, 'destroy')
  // Left by a monitor that was killed.
  rmSync(join(engine.paths.runtime, 'containers', `${record.id}.sock`), { force: true })
  const paths = doomed.filter((path) => path !== undefined)
  await removeTrees({ program: engine.native().program, idMap: engine.idMap() }, paths)
}

/** Removes a container whose record is damaged, as far as what is left of it can tell. */
export async function removeDamaged(engine: Engine, id: string): Promise<void> {
  const { data } = engine.paths
  const directory = containerDirectory(data, id)
  const state = readState(directory)
  // Its processes end with it; asking it politely would take the record.
  if (isLive(state) && isAlive(state.monitor)) process.kill(state.monitor.pid, 'SIGKILL')
  const doomed = moveToTrash(data, directory)
  releaseNamesOf(data, id)
  const trees = doomed === undefined ? [] : [doomed]
  await removeTrees({ program: engine.native().program, idMap: engine.idMap() }, trees)
}

function stillRunning(name: string, state: LiveState): LighterError {
  const paused = state.status === 'running' && state.paused
  const reason = paused
    ? 'container is paused and must be unpaused first'
    : `container is ${state.status}: stop the container before removing or force remove`
  return new LighterError('conflict', `cannot remove container "/${name}": ${reason}`)
}
