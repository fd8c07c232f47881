import { existsSync, linkSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { isErrno, LighterError } from '../core/errors.ts'
import type { Engine } from '../engine.ts'
import { listNames, makeDraft } from '../fs/drafts.ts'
import { spaceError, writeNewFile } from '../fs/replace.ts'
import { isEngineSocket } from '../host/engine-socket.ts'
import type { HostPaths } from '../host/paths.ts'
import { ownIdentity } from '../host/process.ts'
import { hostsFile, resolvConf } from '../network/files.ts'
import { effectiveMode } from '../network/network.ts'
import { type EarlyClient, startDetached } from '../runtime/handover.ts'
import { checkVolumeSource } from '../volume/options.ts'
import { recordVolumeEvent, volumeData } from '../volume/volume.ts'
import { buildPlan, HEALTH_CHECK } from './build-plan.ts'
import { type Container, readRecord } from './catalog.ts'
import type { DeviceEdits } from './cdi.ts'
import { isGone, isNamed } from './endpoints.ts'
import { healthRequest } from './exec-request.ts'
import { linkedHosts } from './links.ts'
import { openFilesLimit } from './open-files.ts'
import type { DeviceRequest } from './options.ts'
import { refuseTerminal, streamsOf } from './passthrough.ts'
import type { ContainerRecord } from './record.ts'
import { findShared, ownerOfFiles } from './sharing.ts'
import { buildSpec } from './spec/spec.ts'
import type { PluginMounts } from './volume-mounts.ts'

/** What is ready to be put in force by the monitor that gets the container's lock. */
export interface PreparedStart {
  /** The container's directory. */
  container: string
  /** The directory of what was prepared. */
  prepared: string
  /** What plugins have mounted for it. */
  mounted?: PluginMounts
}

/** How the native program's `run` is told. */
export const startArguments = ({ container, prepared }: PreparedStart): string[] => [
  '--container',
  container,
  '--prepared',
  prepared,
]

/**
 * Writes everything that the native program reads: bundle, plan and the files of /etc. Anew at each start, and beside the
 * container: another start of it may be under way. Throws `no-such-container`.
 */
export async function prepareStart(engine: Engine, container: Container): Promise<PreparedStart> {
  const { data } = engine.paths
  const { directory } = container
  const prepared = makeDraft(data, ownIdentity())
  let mounted: PluginMounts | undefined
  try {
    const record = await currentRecord(engine, container, prepared)
    await checkSources(engine.paths, record)
    mounted = await mountVolumes(engine, record)
    const sockets = await findSockets(engine, record)
    await writeFiles(engine, { record, directory }, prepared, mounted, sockets)
  } catch (error) {
    rmSync(prepared, { recursive: true, force: true })
    await unmountVolumes(data, mounted)
    if (error instanceof LighterError) {
      await (await import('./failed-start.ts')).recordFailedStart(engine, container, error)
    }
    throw spaceError(error, prepared)
  }
  return { container: directory, prepared, ...(mounted ? { mounted } : {}) }
}

/** Nothing is loaded for it where no plugin keeps a volume of the container. */
async function mountVolumes(
  { paths }: Engine,
  record: ContainerRecord,
): Promise<PluginMounts | undefined> {
  const kept = record.mounts.some((mount) => mount.type === 'volume' && mount.driver !== undefined)
  if (!kept) return undefined
  const { mountPluginVolumes, releaseOrphanedMounts } = await import('./volume-mounts.ts')
  await releaseOrphanedMounts(paths.data)
  return await mountPluginVolumes(paths, record)
}

/** Nothing is loaded for it where the container wants no socket of Docker's. */
async function findSockets(
  engine: Engine,
  record: ContainerRecord,
): Promise<ReadonlyMap<string, string> | undefined> {
  const wanted = record.mounts.some(
    (mount) => mount.type === 'bind' && isEngineSocket(engine.paths, mount.source),
  )
  if (!wanted) return undefined
  return await (await import('./engine-socket.ts')).findEngineSockets(engine, record)
}

async function unmountVolumes(data: string, mounted: PluginMounts | undefined): Promise<void> {
  if (!mounted) return
  const { unmountPluginVolumes } = await import('./volume-mounts.ts')
  await unmountPluginVolumes(data, mounted.ids)
}

/** Networks that are gone, or that were not there when the container was made, are looked for by name. */
async function currentRecord(
  engine: Engine,
  container: Container,
  prepared: string,
): Promise<ContainerRecord> {
  const record = linkRecord(container, prepared)
  const { networks } = record
  const { data } = engine.paths
  if (networks === undefined) return record
  if (networks.length > 0 && !networks.some((endpoint) => isGone(data, endpoint))) return record
  await (await import('./renew-networks.ts')).renewNetworks(engine, container)
  rmSync(join(prepared, 'container.json'))
  return linkRecord(container, prepared)
}

/** The record as it is now. The monitor compares the link with what is there when it has the lock. */
function linkRecord({ record, directory }: Container, prepared: string): ContainerRecord {
  const link = join(prepared, 'container.json')
  try {
    linkSync(join(directory, 'container.json'), link)
  } catch (error) {
    if (!isErrno(error, 'ENOENT')) throw error
    throw new LighterError('no-such-container', `No such container: ${record.id}`)
  }
  return readRecord(link) ?? record
}

async function writeFiles(
  engine: Engine,
  container: Container,
  prepared: string,
  mounted: PluginMounts | undefined,
  sockets: ReadonlyMap<string, string> | undefined,
): Promise<void> {
  const { record, directory } = container
  const { native, paths } = engine
  refuseTerminal(record)
  const { data } = paths
  const shared = findShared(data, record)
  const edits = record.host.deviceRequests && (await findEdits(record.host.deviceRequests))
  const owner = ownerOfFiles(data, container)
  const spec = buildSpec(owner === container ? record : withNamesOf(owner.record, record), {
    data,
    directory,
    files: owner.directory,
    nativeProgram: native().program,
    idMap: engine.idMap(),
    openFiles: openFilesLimit(),
    shared,
    edits,
    places: sockets ? new Map([...(mounted?.places ?? []), ...sockets]) : mounted?.places,
  })
  const plan = await buildPlan(engine, container, { shared, mounted }, edits?.groups)
  removeOldRequests(join(directory, 'exec'))
  const write: WriteFile = (name, text, mode) => writeNewFile(join(prepared, name), text, mode)
  if (owner === container) writeNames(data, record, write)
  write('config.json', JSON.stringify(spec))
  const check = healthRequest(record)
  if (check) write(HEALTH_CHECK, JSON.stringify(check))
  write('plan.json', JSON.stringify(plan))
  recordMounts(data, record)
}

/** How often a start is prepared again that others change the container under. */
const ATTEMPTS = 10

/**
 * Starts a container and returns once its process runs; one that runs already is left as it is. `early`: who is to be connected
 * from the beginning, asked at each attempt. Throws what kept it from running.
 */
export async function startInBackground(
  engine: Engine,
  container: Container,
  early: () => readonly EarlyClient[] = () => [],
): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    const prepared = await prepareStart(engine, container)
    try {
      const streams = streamsOf(container.record)
      await startDetached(engine.native().program, prepared, streams, early())
      return
    } catch (error) {
      await unmountVolumes(engine.paths.data, prepared.mounted)
      if (!(error instanceof LighterError)) throw error
      // Another command was faster.
      if (error.code === 'already-running') return
      if (error.code !== 'changed-meanwhile' || attempt === ATTEMPTS) throw error
    }
  }
}

/** Found before anything is written: sources may have been deleted by hand since the container was made. */
async function checkSources(paths: HostPaths, { mounts }: ContainerRecord): Promise<void> {
  const { data } = paths
  for (const mount of mounts) {
    if (mount.type === 'bind' && !isEngineSocket(paths, mount.source) && !existsSync(mount.source))
      (await import('./mount-sources.ts')).renewSource(mount)
    if (mount.type !== 'volume') continue
    const place = volumeData(data, mount.name)
    if (mount.driver !== undefined) continue
    if (mount.driverOptions) checkVolumeSource(mount.driverOptions, place)
    else if (!existsSync(place)) {
      throw new LighterError(
        'start-failed',
        `error evaluating symlinks from mount source "${place}": lstat ${place}: no such file or directory`,
      )
    }
  }
}

/** Who joins a network has the names of whoever made it. */
function withNamesOf({ config }: ContainerRecord, record: ContainerRecord): ContainerRecord {
  const { hostname, domainname } = config
  const names = domainname === undefined ? { hostname } : { hostname, domainname }
  return { ...record, config: { ...record.config, ...names } }
}

type WriteFile = (name: string, text: string, mode?: number) => void

function writeNames(data: string, record: ContainerRecord, write: WriteFile): void {
  const { config, host } = record
  const links = record.networks ? linkedHosts(data, record) : []
  const mode = effectiveMode(host.networkMode, record.networks)
  write('hosts', hostsFile(mode, host) + links.join(''), SHARED)
  write('hostname', `${config.hostname}\n`, SHARED)
  write('resolv.conf', resolvConf(mode, host, isNamed(record)), SHARED)
}

function recordMounts(data: string, { id, mounts }: ContainerRecord): void {
  for (const mount of mounts) {
    if (mount.type !== 'volume') continue
    recordVolumeEvent(data, mount.name, 'mount', {
      container: id,
      destination: mount.destination,
      propagation: '',
      'read/write': String(!mount.readOnly),
      ...(mount.driver === undefined ? {} : { driver: mount.driver }),
    })
  }
}

/** Read anew at each start: the files change with the host's drivers. */
async function findEdits(requests: DeviceRequest[]): Promise<DeviceEdits> {
  const { resolveDevices } = await import('./cdi.ts')
  return resolveDevices(requests)
}

/** For every user of the container; the directory around it is closed to the host's. */
const SHARED = 0o644

/** What a client that was killed left; one that has just been written may be about to be read. */
const OLD = 60_000

function removeOldRequests(folder: string): void {
  for (const name of listNames(folder)) {
    const path = join(folder, name)
    const written = statSync(path, { throwIfNoEntry: false })?.mtimeMs
    if (written !== undefined && written < Date.now() - OLD) rmSync(path, { force: true })
  }
}
