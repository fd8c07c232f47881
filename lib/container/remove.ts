import { existsSync, rmSync } from 'node:fs'
import { basename, join } from 'node:path'
import { LighterError } from '../core/errors.ts'
import type { Engine } from '../engine.ts'
import { moveToTrash, trashPlace } from '../fs/trash.ts'
import { signalProcess } from '../host/process.ts'
import { discardContainer, type Move } from '../runtime/discard.ts'
import { removeTrees } from '../runtime/userns.ts'
import { sweepWaiting } from '../runtime/waiting.ts'
import { recordVolumeEvent, volumeDirectory } from '../volume/volume.ts'
import { type Container, containerDirectory, readContainer, readRecord } from './catalog.ts'
import { recordContainerEvent } from './events.ts'
import { releaseName, releaseNamesOf } from './names.ts'
import type { ContainerRecord } from './record.ts'
import { anonymousPluginVolumes, anonymousVolumes } from './record.ts'
import { claimRemoval } from './removal.ts'
import { isLive, type LiveState, readState } from './state.ts'
import { killContainer, SIGKILL, START_PATIENCE } from './stop.ts'

export interface RemoveOptions {
  force: boolean
  volumes: boolean
}

/**
 * Removes a container and what only it had. What is gone already is no error. `name`: what the user calls it. Throws
 * `conflict`, `removal-in-progress`.
 */
export async function removeContainer(
  engine: Engine,
  container: Container,
  options: RemoveOptions,
  name: string = container.record.name,
): Promise<void> {
  const { record, directory } = container
  const { data, runtime } = engine.paths
  using _claim = claimRemoval(directory, name)
  const volumes = options.volumes || record.host.autoRemove ? anonymousVolumes(record) : []
  const moves = [directory, ...volumes.map((volume) => volumeDirectory(data, volume))].map(
    (from) => ({ from, to: trashPlace(data) }),
  )
  const namespace = { program: engine.native().program, idMap: engine.idMap() }
  const patience = options.force ? START_PATIENCE : undefined
  let current = record
  const onMoved = ({ from, to }: Move): void => {
    if (from !== directory) {
      recordVolumeEvent(data, basename(from), 'destroy')
      return
    }
    // Somebody may have renamed it until now. The record is the trash's, and soon gone.
    current = readRecord(join(to, 'container.json')) ?? current
    releaseName(data, current.name, current.id)
    recordContainerEvent(data, current, 'destroy')
    // Left by a monitor that was killed.
    rmSync(join(runtime, 'containers', `${record.id}.sock`), { force: true })
    sweepWaiting(runtime, record.id)
  }
  for (;;) {
    await endRun(engine, container, options)
    current = readContainer(data, record.id)?.record ?? record
    try {
      await discardContainer(namespace, directory, moves, onMoved, patience)
      await removeFromPlugins(engine, record, options)
      return
    } catch (error) {
      if (!existsSync(directory) && isGone(error)) return
      // Somebody started it since.
      if (!(error instanceof LighterError && error.code === 'already-running')) throw error
    }
  }
}

/** Volumes that only the container had; one that its plugin does not give up stays on record. */
async function removeFromPlugins(
  { paths }: Engine,
  record: ContainerRecord,
  options: RemoveOptions,
): Promise<void> {
  if (!record.mounts.some((mount) => mount.type === 'volume' && mount.driver !== undefined)) return
  const [{ removePluginVolume }, { releaseOrphanedMounts }] = await Promise.all([
    import('../volume/plugin/volumes.ts'),
    import('./volume-mounts.ts'),
  ])
  await releaseOrphanedMounts(paths.data)
  if (!options.volumes && !record.host.autoRemove) return
  for (const name of anonymousPluginVolumes(record)) {
    await removePluginVolume(paths, name, false).catch((error: unknown) => {
      if (!(error instanceof LighterError)) throw error
    })
  }
}

/** Why a container that may go stays, or went: another process was faster. */
export const isOthersDoing = (error: unknown): boolean =>
  error instanceof LighterError && ['conflict', 'removal-in-progress'].includes(error.code)

const isGone = (error: unknown): boolean =>
  error instanceof LighterError && error.message.startsWith('No such container')

/** Why one cannot be killed that somebody else killed, or removed. */
const ENDED: ReadonlySet<string> = new Set(['not-running', 'no-such-container'])

async function endRun(
  engine: Engine,
  container: Container,
  { force }: RemoveOptions,
): Promise<void> {
  const state = readState(container.directory)
  if (!isLive(state)) return
  if (!force) throw stillRunning(container.record.name, state)
  await killContainer(engine.paths, container, SIGKILL).catch((error: unknown) => {
    if (!(error instanceof LighterError && ENDED.has(error.code))) throw error
  })
}

/** Removes a container whose record is damaged, as far as what is left of it can tell. */
export async function removeDamaged(engine: Engine, id: string): Promise<void> {
  const { data } = engine.paths
  const directory = containerDirectory(data, id)
  const state = readState(directory)
  // Its processes end with it; asking it politely would take the record.
  if (isLive(state)) signalProcess(state.monitor, 'SIGKILL')
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
