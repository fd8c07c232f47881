import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { Engine } from '../engine.ts'
import type { View, ViewMount } from '../runtime/view.ts'
import { volumeMount } from '../volume/options.ts'
import { volumeData } from '../volume/volume.ts'
import type { Container } from './catalog.ts'
import type { MountPoint } from './record.ts'
import { findDriver, lowerDirectories, makeEmptyLayer } from './rootfs.ts'
import { ownerOfFiles } from './sharing.ts'
import { byDepth, FILES_OF_NAMES } from './spec/mounts.ts'
import { readState } from './state.ts'

export interface ViewOptions {
  /** The files as they lie on the disk, also where a running container shows them with other owners. */
  onDisk?: boolean
}

/** How the files of a container are to be reached now, running or not. Nothing is started for it. */
export async function planView(
  engine: Engine,
  container: Container,
  options: ViewOptions = {},
): Promise<View> {
  const { record, directory } = container
  const { data } = engine.paths
  const state = readState(directory)
  return {
    directory,
    idMap: engine.idMap(),
    rootfs: {
      ...(await findDriver(engine, record.driver)),
      lower:
        record.layers.length > 0 ? lowerDirectories(engine, record) : makeEmptyLayer(directory),
      upper: join(directory, 'upper'),
      work: join(directory, 'work'),
    },
    started: state.status !== 'created',
    ...(state.status === 'running' && !options.onDisk
      ? { monitor: state.monitor, process: state.process }
      : {}),
    mounts: [
      ...filesOfNames(data, container),
      ...record.mounts.flatMap((mount) => viewMount(data, mount)),
    ].sort(byDepth),
  }
}

/** hosts, hostname and resolv.conf, which the first start makes; the user's own mounts take their place. */
function filesOfNames(data: string, container: Container): ViewMount[] {
  const { record, directory } = container
  if (!existsSync(join(directory, 'bundle/config.json'))) return []
  const taken = new Set(record.mounts.map(({ destination }) => destination))
  const { directory: files } = ownerOfFiles(data, container)
  return FILES_OF_NAMES.filter(([, destination]) => !taken.has(destination)).map(
    ([name, destination]) => ({
      source: join(files, name),
      destination,
      readOnly: record.host.readonlyRootfs,
      recursive: false,
    }),
  )
}

/** A tmpfs ended with the container. */
function viewMount(data: string, mount: MountPoint): ViewMount[] {
  // What a plugin keeps is there for a container that runs only.
  if (mount.type === 'tmpfs' || (mount.type === 'volume' && mount.driver !== undefined)) return []
  const { destination, readOnly } = mount
  if (mount.type === 'bind') {
    return [{ source: mount.source, destination, readOnly, recursive: mount.recursive }]
  }
  const own = volumeMount(mount.driverOptions)
  if (own && own.type !== 'bind') return []
  const source = own?.source ?? volumeData(data, mount.name)
  return [{ source, destination, readOnly, recursive: true }]
}
